//! The instruments of the installed telemetry.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use opentelemetry::metrics::{Histogram, MeterProvider as _};
use opentelemetry_sdk::metrics::SdkMeterProvider;

use super::database::Database;
use super::function::Functions;
#[cfg(feature = "warp")]
use super::http::Http;
use super::pipeline;
#[cfg(any(feature = "postgres", feature = "redis"))]
use super::pool::Pools;
use super::remembered::Collections;

/// The instruments of one meter provider.
#[derive(Debug)]
pub(crate) struct Instruments {
    #[cfg(feature = "warp")]
    pub(super) http: Http,
    pub(super) database: Database,
    #[cfg(any(feature = "postgres", feature = "redis"))]
    pub(super) pools: Pools,
    pub(super) functions: Functions,
    pub(super) export_duration: Histogram<f64>,
}

static INSTALLED: RwLock<Option<Arc<Instruments>>> = RwLock::new(None);

/// Whether there are some: without, no measuring begins.
static ON: AtomicBool = AtomicBool::new(false);

impl Instruments {
    pub(super) fn new(provider: &SdkMeterProvider) -> Self {
        let own = provider.meter("traced");
        let collections = Collections::of(&own);
        let databases = provider.meter("traced::database");
        Self {
            #[cfg(feature = "warp")]
            http: Http::new(&provider.meter("traced::warp"), &collections),
            functions: Functions::new(provider, &collections),
            database: Database::new(&databases, &collections),
            #[cfg(any(feature = "postgres", feature = "redis"))]
            pools: Pools::new(&databases, &collections),
            export_duration: pipeline::export_duration(&own),
        }
    }
}

pub(super) fn install(instruments: Option<Arc<Instruments>>) {
    let mut installed = INSTALLED.write().unwrap_or_else(PoisonError::into_inner);
    ON.store(instruments.is_some(), Ordering::Relaxed);
    *installed = instruments;
}

/// Whether anybody measures.
#[inline]
pub(crate) fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// The instruments, if anybody measures.
pub(super) fn installed() -> Option<Arc<Instruments>> {
    if !is_on() {
        return None;
    }
    INSTALLED.read().unwrap_or_else(PoisonError::into_inner).clone()
}
