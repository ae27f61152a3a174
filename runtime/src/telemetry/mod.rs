//! Setting up: what is recorded, where it goes, and how it is brought to its end.

mod builder;
mod environment;
mod error;
mod exporters;
mod health;
mod limits;
mod propagators;
mod report;
mod resource;
mod sampling;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use opentelemetry::global;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::SdkTracerProvider;

pub use builder::TelemetryBuilder;
pub use error::{FlushError, InvalidVariable, SetupError};
pub use health::{Dropped, Health};
pub use report::Warning;

#[cfg(test)]
pub(crate) use environment::tests;
#[cfg(feature = "otlp")]
pub(crate) use environment::{Reader, pairs};
pub(crate) use health::Stats;
pub(crate) use limits::{Batching, truncate};
pub(crate) use report::{Outage, Overflow, Reporter};

use crate::export::Closing;
use crate::recorder::{self, Pipeline};

/// The installed telemetry. Keep it until the program ends: dropped, it delivers what is left, within its
/// [flush timeout](TelemetryBuilder::flush_timeout).
///
/// Neither flushing nor shutting down needs an async runtime or blocks one for longer than that: exporting runs on a
/// thread of its own.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let telemetry = traced::Telemetry::builder()
///     .service_name("bookstore-api")
///     .resource_attribute("service.namespace", "bookstore")
///     # .environment(|name| (name == "OTEL_TRACES_EXPORTER").then(|| "none".to_owned()))
///     .install()?;
/// println!("{}", telemetry.destination());
/// // .. the program ..
/// telemetry.shutdown()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "dropping it shuts the telemetry down: keep it until the program ends"]
pub struct Telemetry {
    /// None when the SDK is disabled.
    pipeline: Option<Arc<Pipeline>>,
    /// Whether the provider is this telemetry's own, to be shut down with it.
    owned: bool,
    stats: Vec<Arc<Stats>>,
    closing: Arc<Closing>,
    flush_timeout: Duration,
    destination: String,
    shut_down: AtomicBool,
    _claim: Claim,
}

/// What a builder makes.
struct Parts {
    pipeline: Option<Pipeline>,
    owned: bool,
    stats: Vec<Arc<Stats>>,
    closing: Arc<Closing>,
    flush_timeout: Duration,
    destination: String,
}

/// While one lives, no second telemetry can be installed.
#[derive(Debug)]
struct Claim(());

static CLAIMED: AtomicBool = AtomicBool::new(false);

impl Claim {
    fn take() -> Option<Self> {
        (!CLAIMED.swap(true, Ordering::AcqRel)).then_some(Self(()))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        CLAIMED.store(false, Ordering::Release);
    }
}

impl Telemetry {
    /// Begins to describe a set-up.
    pub fn builder() -> TelemetryBuilder {
        TelemetryBuilder::new()
    }

    fn start(parts: Parts, claim: Claim) -> Result<Self, SetupError> {
        let Parts { pipeline, owned, stats, closing, flush_timeout, destination } = parts;
        let pipeline = pipeline.map(Arc::new);
        if let Some(pipeline) = &pipeline {
            if !recorder::install(Arc::clone(pipeline)) {
                return Err(SetupError::AlreadyInstalled);
            }
            if owned && let Some(provider) = pipeline.provider() {
                global::set_tracer_provider(provider.clone());
            }
        }
        let shut_down = AtomicBool::new(false);
        Ok(Self { pipeline, owned, stats, closing, flush_timeout, destination, shut_down, _claim: claim })
    }

    /// Where the traces go, for people: `traces go to http://localhost:4318/v1/traces (OTLP over HTTP)`. It holds no
    /// user, password or query of a URL.
    pub fn destination(&self) -> &str {
        &self.destination
    }

    /// How the pipeline fares. With a provider [of the application's own](TelemetryBuilder::tracer_provider) nothing is
    /// known, and every count is zero.
    pub fn health(&self) -> Health {
        let mut health = Health::default();
        for stats in &self.stats {
            stats.add_to(&mut health);
        }
        health
    }

    /// Delivers every span that has ended, and waits for that.
    ///
    /// # Errors
    ///
    /// If spans were lost meanwhile, or the [flush timeout](TelemetryBuilder::flush_timeout) passed first.
    pub fn flush(&self) -> Result<(), FlushError> {
        if self.shut_down.load(Ordering::Acquire) {
            return Err(FlushError::ShutDown);
        }
        let Some(pipeline) = &self.pipeline else { return Ok(()) };
        let Some(provider) = pipeline.provider() else { return Ok(()) };
        let deadline = Instant::now() + self.flush_timeout;
        let awaited: Vec<_> = self.stats.iter().map(|stats| (Arc::clone(stats), stats.accepted())).collect();
        self.finish(provider.clone(), move |provider| {
            loop {
                let result = provider.force_flush();
                // A span that was on its way into the queue is fetched by another round.
                let round = deadline.min(Instant::now() + Duration::from_millis(100));
                if awaited.iter().all(|(stats, accepted)| stats.wait(*accepted, round)) || Instant::now() >= deadline {
                    return if awaited.is_empty() { result } else { Ok(()) };
                }
            }
        })
    }

    /// Stops recording and delivers what is left. Again, it does nothing.
    ///
    /// # Errors
    ///
    /// As [`flush`](Telemetry::flush).
    pub fn shutdown(&self) -> Result<(), FlushError> {
        if self.shut_down.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let Some(pipeline) = &self.pipeline else { return Ok(()) };
        recorder::uninstall(pipeline);
        let timeout = self.flush_timeout;
        self.closing.begin(Instant::now() + timeout);
        let owned = self.owned;
        let Some(provider) = pipeline.provider() else { return Ok(()) };
        let result = self.finish(provider.clone(), move |provider| {
            if owned { provider.shutdown_with_timeout(timeout) } else { provider.force_flush() }
        });
        for stats in &self.stats {
            stats.close();
        }
        result
    }

    /// Does `work` on another thread, waits for it until the timeout, and says what was lost.
    fn finish(
        &self,
        provider: SdkTracerProvider,
        work: impl FnOnce(SdkTracerProvider) -> OTelSdkResult + Send + 'static,
    ) -> Result<(), FlushError> {
        let before = self.lost();
        let (sender, done) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name("traced-flush".to_owned()).spawn(move || {
            // Nobody listens any more if this took too long.
            let _ = sender.send(work(provider));
        });
        // Without a thread nothing was done: that is a timeout without a wait.
        let result = thread.ok().and_then(|_| done.recv_timeout(self.flush_timeout).ok());
        let pending = self.stats.iter().map(|stats| stats.pending()).sum();
        let last_error = self.stats.iter().find_map(|stats| stats.outcome().last_error().cloned());
        let spans = self.lost() - before;
        match result {
            None => Err(FlushError::TimedOut { after: self.flush_timeout, pending, last_error }),
            Some(_) if spans > 0 => Err(FlushError::Lost { spans, last_error }),
            Some(Err(error)) => match error {
                opentelemetry_sdk::error::OTelSdkError::Timeout(after) => {
                    Err(FlushError::TimedOut { after, pending, last_error })
                }
                error => Err(FlushError::Provider(error.to_string())),
            },
            Some(Ok(())) => Ok(()),
        }
    }

    fn lost(&self) -> u64 {
        self.stats.iter().map(|stats| stats.outcome().lost()).sum()
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        // What was lost was said by the exporter's warning, and nobody is here to be told.
        let _ = self.shutdown();
    }
}
