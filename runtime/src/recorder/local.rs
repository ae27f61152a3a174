//! What a thread keeps of its own, so that the hot path shares nothing with other threads.

use std::cell::{Cell, RefCell};
use std::panic::catch_unwind;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry::Context;
use opentelemetry::trace::{SpanId, TraceId};

use super::ids::Ids;
use super::log::entry::Entry;
use super::own::{self, Held, Own, PipelineId, Port};
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
    ids: Ids,
    list: Cell<Option<Attributes>>,
    /// Not to be borrowed while code of the application's runs.
    kept: RefCell<Kept>,
}

/// What is passed from span to span.
#[derive(Default)]
struct Kept {
    ports: Vec<Port>,
    // Boxed, since a record must not move while a span is open.
    #[allow(clippy::vec_box)]
    records: Vec<Box<Record>>,
}

impl Local {
    fn new() -> Self {
        Self { ids: Ids::new(), list: Cell::new(None), kept: RefCell::default() }
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

/// A record for a span of `pipeline`, into which `fill` writes what is known of it, with ids from where they come from. `None`
/// when this thread has not seen the pipeline yet, or its ids are made by the application: then [`record`] gives one.
#[inline]
pub(super) fn record_at_hand(pipeline: PipelineId, fill: impl FnOnce(&mut Record, &Ids)) -> Option<Box<Record>> {
    let record = LOCAL.try_with(|local| {
        let Kept { ports, records } = &mut *local.kept.borrow_mut();
        let port = ports.iter().find(|port| port.id == pipeline)?;
        if port.own.makes_ids() {
            return None;
        }
        let mut record = port.record(records);
        fill(&mut record, &local.ids);
        Some(record)
    });
    record.ok().flatten()
}

/// A record for a span of `pipeline`, into which `fill` writes what is known of it, with an id for it. `None` when the
/// pipeline or the thread is gone.
pub(super) fn record(pipeline: PipelineId, fill: impl FnOnce(&mut Record, SpanId)) -> Option<Box<Record>> {
    let record = LOCAL.try_with(|local| {
        let (own, mut record) = local.with_port(pipeline, |port, records| {
            (port.own.makes_ids().then(|| Arc::clone(&port.own)), port.record(records))
        })?;
        let unopened = record.unopened();
        let span_id = own.map_or_else(|| local.ids.span_id(), |own| own.new_span_id(&local.ids));
        unopened.opens();
        fill(&mut record, span_id);
        Some(record)
    });
    record.ok().flatten()
}

/// `pipeline`, if this thread has seen it yet.
pub(super) fn own_at_hand(pipeline: PipelineId) -> Option<Rc<Held>> {
    let own = |local: &Local| {
        let kept = local.kept.borrow();
        kept.ports.iter().find(|port| port.id == pipeline).map(|port| Rc::clone(&port.held))
    };
    LOCAL.try_with(own).ok().flatten()
}

/// A trace id of `own`, and a span id.
pub(super) fn ids(own: &Own) -> Option<(TraceId, SpanId)> {
    LOCAL.try_with(|local| (own.new_trace_id(&local.ids), own.new_span_id(&local.ids))).ok()
}

/// How many records this thread keeps, and how many bytes the largest holds.
#[cfg(test)]
pub(super) fn kept() -> (usize, usize) {
    LOCAL.with(|local| {
        let records = &mut local.kept.borrow_mut().records;
        (records.len(), records.iter_mut().map(|record| record.capacity()).max().unwrap_or_default())
    })
}

/// Keeps the memory of `record` for another span.
#[inline(never)]
pub(super) fn recycle(record: Box<Record>) {
    // In a thread that is ending it is freed.
    let _ = LOCAL.try_with(|local| keep(&mut local.kept.borrow_mut().records, record));
}

#[inline(always)]
#[allow(clippy::vec_box)]
fn keep(records: &mut Vec<Box<Record>>, mut record: Box<Record>) {
    if records.len() < KEPT_RECORDS {
        record.clear();
        records.push(record);
    }
}

/// Appends the span of `record`, which ends now, to this thread's log, and keeps its memory for another one.
#[inline]
pub(super) fn append_and_recycle(mut record: Box<Record>) {
    let appended = LOCAL.try_with(|local| {
        local.with_port(record.pipeline, |port, records| {
            record.finish(|entry| port.append(entry));
            keep(records, record);
        })
    });
    if appended.is_err() {
        TOO_LATE.fetch_add(1, Ordering::Relaxed);
    }
}

/// Runs `write` with a list of attributes from this thread's memory.
#[inline]
pub(super) fn with_list<T>(write: impl FnOnce(&mut Attributes) -> T) -> T {
    let mut list = take_list();
    let result = write(&mut list);
    keep_list(list);
    result
}

/// A list of attributes in this thread's memory. Whoever asks before it is given back gets a new one.
#[inline]
pub(super) fn take_list() -> Attributes {
    LOCAL.try_with(|local| local.list.take()).ok().flatten().unwrap_or(const { Attributes::of_span() })
}

/// Gives the memory of a list back.
#[inline]
pub(super) fn keep_list(mut list: Attributes) {
    list.shrink_to(64 * 1024);
    let _ = LOCAL.try_with(|local| local.list.set(Some(list)));
}

/// Appends a finished span to this thread's log of `pipeline`.
#[inline]
pub(super) fn append(pipeline: PipelineId, entry: &Entry<'_>) {
    let appended = LOCAL.try_with(|local| local.with_port(pipeline, |port, _| port.append(entry)));
    if appended.is_err() {
        TOO_LATE.fetch_add(1, Ordering::Relaxed);
    }
}

/// Makes this thread's port of `pipeline`, unless it is there. With it those of closed pipelines go, and what the application
/// gave them: what drops there may write to any span, so this is to be done before one is locked.
#[inline]
pub(super) fn meet(pipeline: PipelineId) {
    let _ = LOCAL.try_with(|local| local.with_port(pipeline, |_, _| ()));
}

/// Counts a span of `pipeline` that ended and is not exported.
pub(super) fn discard(pipeline: PipelineId) {
    let _ = LOCAL.try_with(|local| local.with_port(pipeline, |port, _| port.discard()));
}

impl Local {
    /// Runs `with` with this thread's port of `pipeline`, if that still exists, and with the records it keeps.
    #[inline]
    fn with_port<T>(
        &self,
        pipeline: PipelineId,
        with: impl FnOnce(&mut Port, &mut Vec<Box<Record>>) -> T,
    ) -> Option<T> {
        let mut kept = self.kept.borrow_mut();
        let at = match kept.ports.iter().position(|port| port.id == pipeline) {
            Some(at) => at,
            None => {
                drop(kept);
                let at = self.add_port(pipeline)?;
                kept = self.kept.borrow_mut();
                at
            }
        };
        let Kept { ports, records } = &mut *kept;
        ports.get_mut(at).map(|port| with(port, records))
    }

    /// Makes a port of `pipeline`. Those of pipelines that are closed go: with the last of a pipeline, its sampler.
    #[cold]
    fn add_port(&self, pipeline: PipelineId) -> Option<usize> {
        let own: Arc<Own> = own::by_id(pipeline)?;
        let port = Port::new(own);
        let mut kept = self.kept.borrow_mut();
        let (closed, mut open): (Vec<_>, Vec<_>) = kept.ports.drain(..).partition(|port| port.own.is_closed());
        let at = open.len();
        open.push(port);
        kept.ports = open;
        drop(kept);
        drop(closed);
        Some(at)
    }
}

impl Port {
    /// A record for a span of this pipeline.
    #[inline]
    #[allow(clippy::vec_box)]
    fn record(&self, records: &mut Vec<Box<Record>>) -> Box<Record> {
        self.counts.started();
        match records.pop() {
            Some(mut record) => {
                if record.pipeline != self.id {
                    record.change_to(self.id, self.own.limits);
                }
                record
            }
            None => Record::new(self.id, self.own.limits),
        }
    }
}
