//! Where spans live while they are open, and how finished ones reach the exporter.
//!
//! A [`Pipeline`] is one way out for spans: the installed one, or the private one of a
//! [`testing::capture`](crate::testing::capture). What records behind it is known here and nowhere else:
//! `docs/recorder.md` follows a span from its entry to the wire.

mod batch;
mod clock;
mod collector;
mod config;
mod counts;
mod foreign;
mod fork;
mod handover;
mod ids;
mod lane;
mod local;
mod log;
mod mode;
mod open;
mod origin;
mod outlet;
mod own;
mod pipeline;
mod raw;
mod record;
mod scope;
mod span;
mod start;
mod tracer;
pub(crate) mod wire;
mod worker;

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use opentelemetry::Context;

pub(crate) use config::{RecorderConfig, Redactor, Schedule, Settled};
pub(crate) use counts::Totals;
pub(crate) use open::{Entered, OpenSpan, Opening};
pub(crate) use outlet::{Delivered, Outgoing, Outlet};
pub(crate) use pipeline::Pipeline;
pub(crate) use start::{Looked, Prepared, enter, enter_each, look_ahead, may_record_here, open};

use crate::span::{Start, update_all};

/// The pipeline of the installed [`Telemetry`](crate::Telemetry).
static INSTALLED: RwLock<Option<Arc<Pipeline>>> = RwLock::new(None);

/// How many captures are under way: while none is, no span start looks for one.
static CAPTURES: AtomicUsize = AtomicUsize::new(0);

/// A context value that sends the spans started beneath it to a pipeline of their own.
#[derive(Debug, Clone)]
struct Captured(Arc<Pipeline>);

/// Makes `pipeline` the one that every annotated function records to, unless one is already.
pub(crate) fn install(pipeline: Arc<Pipeline>) -> bool {
    {
        let mut installed = INSTALLED.write().unwrap_or_else(PoisonError::into_inner);
        if installed.is_some() {
            return false;
        }
        *installed = Some(pipeline);
    }
    update();
    true
}

/// Takes the installed pipeline away if it is `pipeline`: from then on nothing is recorded.
pub(crate) fn uninstall(pipeline: &Arc<Pipeline>) {
    {
        let mut installed = INSTALLED.write().unwrap_or_else(PoisonError::into_inner);
        if !installed.as_ref().is_some_and(|p| Arc::ptr_eq(p, pipeline)) {
            return;
        }
        *installed = None;
    }
    update();
}

/// What holds for values that are written to spans of others: the installed pipeline's rules.
pub(crate) fn rules() -> wire::ValueRules {
    let installed = INSTALLED.read().unwrap_or_else(PoisonError::into_inner);
    installed.as_ref().map(|pipeline| pipeline.rules()).unwrap_or_default()
}

/// Whether a pipeline is installed.
pub(crate) fn is_installed() -> bool {
    INSTALLED.read().unwrap_or_else(PoisonError::into_inner).is_some()
}

/// A context in which every span goes to `pipeline`, for as long as the returned handle lives.
pub(crate) fn capture(pipeline: Arc<Pipeline>) -> (Context, Capturing) {
    CAPTURES.fetch_add(1, Ordering::SeqCst);
    update();
    (Context::new().with_value(Captured(pipeline)), Capturing(()))
}

/// Whether spans started in `context` go to a capture.
#[cfg(any(feature = "warp", feature = "logs"))]
pub(crate) fn is_capture(context: &Context) -> bool {
    context.get::<Captured>().is_some()
}

/// The capture of `context`, without what else is in it.
#[cfg(feature = "warp")]
pub(crate) fn only_capture(context: &Context) -> Context {
    let empty = Context::new();
    match context.get::<Captured>() {
        Some(captured) => empty.with_value(captured.clone()),
        None => empty,
    }
}

/// Keeps captures possible; see [`capture`].
#[derive(Debug)]
pub(crate) struct Capturing(());

impl Drop for Capturing {
    fn drop(&mut self) {
        CAPTURES.fetch_sub(1, Ordering::SeqCst);
        update();
    }
}

/// Tells every call site and every span start what records now.
fn update() {
    // Under the lock, so that of two changes the later one is the last to be told.
    let installed = INSTALLED.read().unwrap_or_else(PoisonError::into_inner);
    let _one_at_a_time = UPDATING.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut bits, id) = installed.as_ref().map_or((0, None), |pipeline| pipeline.mode());
    if CAPTURES.load(Ordering::SeqCst) > 0 {
        bits |= mode::ON | mode::CAPTURES;
    }
    if !fork::is_forked() {
        mode::set(bits, id);
    }
    drop(installed);
    update_all();
}

static UPDATING: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Whether anybody records a site that the filter allows or not. A capture sees every site: it speaks of a test, not of
/// what an operator wants to see.
pub(crate) fn records(allowed: bool) -> bool {
    CAPTURES.load(Ordering::SeqCst) > 0 || (allowed && is_installed())
}

/// Whether the span of `start` may be recorded if it opened now: what its attributes are evaluated for.
pub(crate) fn would_record(start: &Start<'_>) -> bool {
    if !mode::get().has(mode::ON) || !local::is_alive() {
        return false;
    }
    let parent = start.parent_context();
    !parent.is_telemetry_suppressed() && pipeline_of(&parent).is_some_and(|pipeline| pipeline.may_record(&parent))
}

fn pipeline_of(parent: &Context) -> Option<Arc<Pipeline>> {
    if CAPTURES.load(Ordering::Relaxed) > 0 {
        // The parent may have been given explicitly; a capture is then found on the current context.
        let here = || Context::map_current(|cx| cx.get::<Captured>().map(|c| Arc::clone(&c.0)));
        if let Some(pipeline) = parent.get::<Captured>().map(|c| Arc::clone(&c.0)).or_else(here) {
            return Some(pipeline);
        }
    }
    INSTALLED.read().unwrap_or_else(PoisonError::into_inner).clone()
}
