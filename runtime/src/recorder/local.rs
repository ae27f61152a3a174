//! What a thread keeps of its own, so that the hot path shares nothing with other threads.

use std::cell::{Cell, RefCell};
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry::Context;
use opentelemetry::trace::{SpanId, TraceId};

use super::ids::Ids;
use super::log::entry::Entry;
use super::own::{self, Own, PipelineId, Port};
use super::record::Record;
use super::wire::Attributes;

/// How many records a thread keeps for spans to come.
const KEPT_RECORDS: usize = 32;

/// The stages of a thread's life.
const UNKNOWN: u8 = 0;
const ALIVE: u8 = 1;
const ENDING: u8 = 2;

thread_local! {
    /// Never destroyed, so it can be asked at any time.
    static STAGE: Cell<u8> = const { Cell::new(UNKNOWN) };
    static LOCAL: Local = Local::new();
}

/// Spans that were not opened, or ended unrecorded, because their thread was ending.
static TOO_LATE: AtomicU64 = AtomicU64::new(0);

struct Local {
    ports: RefCell<Vec<Port>>,
    // Boxed, because a record is lent out by its address.
    #[allow(clippy::vec_box)]
    records: RefCell<Vec<Box<Record>>>,
    list: Cell<Option<Attributes>>,
    ids: Ids,
}

impl Local {
    fn new() -> Self {
        Self { ports: RefCell::default(), records: RefCell::default(), list: Cell::new(None), ids: Ids::new() }
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        STAGE.set(ENDING);
    }
}

/// Whether spans can be recorded on this thread: not while it is being torn down, when OpenTelemetry's current context,
/// which is a thread-local too, may be gone already and would panic.
#[inline]
pub(super) fn is_alive() -> bool {
    STAGE.get() == ALIVE || begin()
}

/// Thread-locals are destroyed in the reverse order of their first use. By using the context first we make sure that it
/// outlives ours, so that ours tells whether it is still there.
#[cold]
fn begin() -> bool {
    if STAGE.get() == UNKNOWN {
        // In a thread that is ending and has used the context before but none of ours, the context is gone.
        let has_context = catch_unwind(|| Context::map_current(|_| ())).is_ok();
        let alive = has_context && LOCAL.try_with(|_| ()).is_ok();
        STAGE.set(if alive { ALIVE } else { ENDING });
    }
    let alive = STAGE.get() == ALIVE;
    if !alive {
        TOO_LATE.fetch_add(1, Ordering::Relaxed);
    }
    alive
}

/// How many spans there were that could not be recorded because their thread was ending.
pub(crate) fn too_late() -> u64 {
    TOO_LATE.load(Ordering::Relaxed)
}

/// A record for a span of `pipeline`, with an id for it. `None` when the pipeline or the thread is gone.
#[inline]
pub(super) fn record(pipeline: PipelineId) -> Option<(Box<Record>, SpanId)> {
    LOCAL
        .try_with(|local| {
            local.port(pipeline, |port| {
                port.counts.started();
                let id = port.own.new_span_id(&local.ids);
                let reused = local.records.borrow_mut().pop();
                let record = match reused {
                    Some(mut record) => {
                        record.reset(pipeline, &port.own.limits);
                        record
                    }
                    None => Record::new(pipeline, port.own.limits),
                };
                (record, id)
            })
        })
        .ok()
        .flatten()
}

/// A trace id of `own`, and a span id.
pub(super) fn ids(own: &Own) -> Option<(TraceId, SpanId)> {
    LOCAL.try_with(|local| (own.new_trace_id(&local.ids), own.new_span_id(&local.ids))).ok()
}

/// Keeps the memory of `record` for another span.
#[inline]
pub(super) fn recycle(record: Box<Record>) {
    // In a thread that is ending it is freed.
    let _ = LOCAL.try_with(|local| {
        let mut records = local.records.borrow_mut();
        if records.len() < KEPT_RECORDS {
            records.push(record);
        }
    });
}

/// Runs `write` with a list of attributes from this thread's memory.
pub(super) fn with_list<T>(write: impl FnOnce(&mut Attributes) -> T) -> T {
    let take = || LOCAL.try_with(|local| local.list.take()).ok().flatten();
    // What is nested in `write` finds none and makes its own.
    let mut list = take().unwrap_or(const { Attributes::of_span() });
    let result = write(&mut list);
    list.shrink_to(64 * 1024);
    let _ = LOCAL.try_with(|local| local.list.set(Some(list)));
    result
}

/// Appends a finished span to this thread's log of `pipeline`.
#[inline]
pub(super) fn append(pipeline: PipelineId, entry: &Entry<'_>) {
    let appended = LOCAL.try_with(|local| local.port(pipeline, |port| port.append(entry)));
    if appended.is_err() {
        TOO_LATE.fetch_add(1, Ordering::Relaxed);
    }
}

/// Counts a span of `pipeline` that ended and is not exported.
pub(super) fn discard(pipeline: PipelineId) {
    let _ = LOCAL.try_with(|local| local.port(pipeline, Port::discard));
}

impl Local {
    /// This thread's port of `pipeline`, if that still exists.
    #[inline]
    fn port<T>(&self, pipeline: PipelineId, with: impl FnOnce(&mut Port) -> T) -> Option<T> {
        let mut ports = self.ports.borrow_mut();
        match ports.iter_mut().find(|port| port.own.id == pipeline) {
            Some(port) => Some(with(port)),
            None => Self::add_port(&mut ports, pipeline).map(with),
        }
    }

    #[cold]
    fn add_port(ports: &mut Vec<Port>, pipeline: PipelineId) -> Option<&mut Port> {
        ports.retain(|port| !port.own.is_closed());
        let own: Arc<Own> = own::by_id(pipeline)?;
        ports.push(Port::new(own));
        ports.last_mut()
    }
}
