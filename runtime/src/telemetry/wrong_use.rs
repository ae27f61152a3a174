//! Uses of the library that compile and yet can't be meant: each is said once in the life of the program.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use super::report::{Reporter, Warning};

/// Where the installed telemetry's warnings go.
static REPORTER: RwLock<Option<Reporter>> = RwLock::new(None);

pub(super) fn report_to(reporter: Option<Reporter>) {
    *REPORTER.write().unwrap_or_else(PoisonError::into_inner) = reporter;
}

/// Says `warning`, unless `said` is set already or no telemetry is installed.
pub(crate) fn once(said: &AtomicBool, warning: impl FnOnce() -> Warning) {
    if said.load(Ordering::Relaxed) {
        return;
    }
    let Some(reporter) = REPORTER.read().unwrap_or_else(PoisonError::into_inner).clone() else { return };
    if !said.swap(true, Ordering::Relaxed) {
        reporter.warn(&warning());
    }
}
