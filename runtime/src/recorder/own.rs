//! A pipeline of our own: what its spans are made with, and the logs that they end in.

use std::fmt;
use std::num::NonZero;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak};
use std::thread::Thread;

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::{IdGenerator, ShouldSample};

use super::batch::{Batch, Size};
use super::config::{RecorderConfig, Settled};
use super::counts::{Counts, ThreadCounts, Totals};
use super::ids::Ids;
use super::lane::Lane;
use super::log::entry::Entry;
use super::log::{self, Memory, Writer};
use super::record::Limits;
use super::wire::ValueRules;
use super::{clock, fork};

/// The number of a pipeline: spans and threads refer to it, and find nothing when it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PipelineId(NonZero<u32>);

impl PipelineId {
    pub(super) fn from_number(number: u32) -> Option<Self> {
        NonZero::new(number).map(Self)
    }

    pub(super) fn number(self) -> u32 {
        self.0.get()
    }
}

static NEXT_ID: AtomicU32 = AtomicU32::new(1);
/// Every pipeline that exists.
static PIPELINES: RwLock<Vec<(PipelineId, Weak<Own>)>> = RwLock::new(Vec::new());

/// The pipeline with this number.
pub(super) fn by_id(id: PipelineId) -> Option<Arc<Own>> {
    let pipelines = PIPELINES.read().unwrap_or_else(PoisonError::into_inner);
    pipelines.iter().find(|(known, _)| *known == id)?.1.upgrade()
}

/// How large a request may be.
const MAX_REQUEST: usize = 2 * 1024 * 1024;
/// How much of it is left to the resource and the scopes of its spans, where they take no more than usual.
const AROUND: usize = 64 * 1024;
/// A finished span takes at most this much of a log: requests have to say who it is from, too.
pub(super) const MAX_ENTRY: usize = MAX_REQUEST - AROUND;

/// How much the spans of a request may take together, and one alone, where `resource` says who they are from.
fn room_beside(resource: &opentelemetry_sdk::Resource) -> usize {
    let around = super::batch::Resource::new(resource).len() + AROUND / 2;
    // What leaves no room for spans is sent for all that: a collector may take more.
    MAX_REQUEST.saturating_sub(around).clamp(AROUND, MAX_ENTRY)
}

/// A pipeline of our own.
pub(crate) struct Own {
    pub(super) id: PipelineId,
    pub(super) sampler: Box<dyn ShouldSample>,
    pub(super) settled: Settled,
    pub(super) sampler_sees_attributes: bool,
    pub(super) limits: Limits,
    id_generator: Option<Box<dyn IdGenerator>>,
    pub(super) memory: log::sync::Arc<Memory>,
    /// What waits for each way out; at least one.
    lanes: Box<[Lane]>,
    closed: AtomicBool,
    /// How much the spans of a request may take together, and one alone.
    pub(super) request_room: usize,
    /// How many spans may wait and how many do, where that is limited.
    max_queue_size: Option<usize>,
    queued: AtomicUsize,
    /// How many spans all lanes have taken: of so many `queued` knows that they have left.
    left: Mutex<u64>,
    pub(super) counts: Counts,
    /// The threads of the ways out, to be woken when much has come together.
    collectors: OnceLock<Box<[Thread]>>,
    wake_at: usize,
    /// How much there was when they were last woken.
    woken_at: AtomicUsize,
}

impl Own {
    /// With so many ways out; without any, somebody takes the spans all the same.
    pub(super) fn new(config: RecorderConfig, outlets: usize) -> Arc<Self> {
        clock::prepare();
        fork::watch();
        let limit = config.value_length.map_or_else(Default::default, super::wire::ValueLimit::chars);
        let schedule = &config.schedule;
        let id =
            PipelineId::from_number(NEXT_ID.fetch_add(1, Ordering::Relaxed)).unwrap_or(PipelineId(NonZero::<u32>::MAX));
        let own = Arc::new(Self {
            id,
            sampler: config.sampler,
            settled: config.settled,
            sampler_sees_attributes: config.sampler_sees_attributes,
            limits: Limits {
                span: config.limits,
                values: ValueRules::new(limit, config.redactor.map(|redactor| redactor.0)),
            },
            id_generator: config.id_generator,
            memory: log::sync::Arc::new(Memory::new(schedule.max_queue_bytes)),
            lanes: (0..outlets.max(1)).map(|_| Lane::default()).collect(),
            closed: AtomicBool::new(false),
            request_room: room_beside(&config.resource),
            max_queue_size: schedule.max_queue_size,
            queued: AtomicUsize::new(0),
            left: Mutex::default(),
            counts: Counts::default(),
            collectors: OnceLock::new(),
            wake_at: (schedule.max_queue_bytes / 8).min(1024 * 1024),
            woken_at: AtomicUsize::new(0),
        });
        let mut pipelines = PIPELINES.write().unwrap_or_else(PoisonError::into_inner);
        pipelines.retain(|(_, pipeline)| pipeline.strong_count() > 0);
        pipelines.push((id, Arc::downgrade(&own)));
        own
    }

    /// Whether ids are made by code of the application's.
    pub(super) fn makes_ids(&self) -> bool {
        self.id_generator.is_some()
    }

    #[inline]
    pub(super) fn new_span_id(&self, ids: &Ids) -> SpanId {
        self.id_generator.as_ref().map_or_else(|| ids.span_id(), |generator| generator.new_span_id())
    }

    pub(super) fn new_trace_id(&self, ids: &Ids) -> TraceId {
        self.id_generator.as_ref().map_or_else(|| ids.trace_id(), |generator| generator.new_trace_id())
    }

    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Nothing is taken any more; what is in the logs can still be read.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// The threads to wake when much has come together.
    pub(super) fn set_collectors(&self, threads: Box<[Thread]>) {
        let _ = self.collectors.set(threads);
    }

    /// Takes finished spans for the way out of this number, into `batch`, which is empty.
    pub(super) fn take(&self, lane: usize, batch: Batch, size: Size) -> Batch {
        let batch = self.lanes[lane].take(batch, size);
        self.count_left();
        batch
    }

    /// All finished spans of a pipeline that nothing else takes from.
    pub(super) fn take_all(&self) -> Batch {
        self.take(0, Batch::default(), Size::UNLIMITED)
    }

    pub(super) fn lane(&self, lane: usize) -> &Lane {
        &self.lanes[lane]
    }

    /// How many spans were lost to the ways out for want of room, ever.
    pub(super) fn crowded_out(&self) -> u64 {
        self.lanes.iter().map(Lane::crowded_out).sum()
    }

    /// When memory runs short, for the way out of number `lane` as well, takes what waits for the others out of the logs:
    /// one of them may hold it up because it can't deliver. Each may keep its share and loses the rest.
    pub(super) fn relieve_others(&self, lane: usize, size: Size) {
        let lanes = self.lanes.len();
        let used = self.memory.used();
        let short = used > self.memory.limit() / 2 || self.queue_is_filling();
        if lanes < 2 || !short {
            return;
        }
        let bytes = self.memory.limit() / lanes;
        let share = Size { bytes, spans: self.max_queue_size.map_or(usize::MAX, |max| max / lanes) };
        for (_, other) in self.lanes.iter().enumerate().filter(|(number, _)| *number != lane) {
            other.relieve(size, share, used);
        }
        self.count_left();
    }

    /// Spans have left the logs when all ways out have taken them.
    fn count_left(&self) {
        if self.max_queue_size.is_some() {
            let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
            let taken = self.lanes.iter().map(Lane::taken).min().unwrap_or(0).max(*left);
            self.queued.fetch_sub((taken - *left) as usize, Ordering::Relaxed);
            *left = taken;
        }
    }

    /// How many threads have a log.
    #[cfg(test)]
    #[allow(dead_code)]
    pub(super) fn logs(&self) -> usize {
        self.lanes[0].logs()
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Own")
            .field("id", &self.id)
            .field("sampler", &self.sampler)
            .field("limits", &self.limits)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

/// A pipeline that one thread holds.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Held(Arc<Own>);

impl Deref for Held {
    type Target = Own;

    fn deref(&self) -> &Own {
        &self.0
    }
}

/// Where one thread hands its finished spans to one pipeline.
pub(super) struct Port {
    pub(super) id: PipelineId,
    pub(super) own: Arc<Own>,
    /// The same, to be held on this thread while the application's code runs: a count that all threads share would go to and
    /// fro between their caches.
    pub(super) held: Rc<Held>,
    /// Made when the thread's first span ends.
    writer: Option<Writer>,
    pub(super) counts: Arc<ThreadCounts>,
}

impl Port {
    pub(super) fn new(own: Arc<Own>) -> Self {
        let counts = own.counts.of_thread();
        let held = Rc::new(Held(Arc::clone(&own)));
        Self { id: own.id, own, held, writer: None, counts }
    }

    /// Appends a finished span to the thread's log, or counts it as dropped.
    #[inline]
    pub(super) fn append(&mut self, entry: &Entry<'_>) {
        let own = &*self.own;
        self.counts.ended();
        if own.is_closed() {
            own.counts.dropped.after_shutdown.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let len = entry.len();
        if len > own.request_room {
            own.counts.dropped.too_large.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut fills_half = false;
        if let Some(max) = own.max_queue_size {
            let before = own.queued.fetch_add(1, Ordering::Relaxed);
            if before >= max {
                own.queued.fetch_sub(1, Ordering::Relaxed);
                return own.dropped_for_want_of_room();
            }
            fills_half = before + 1 == half_of(max);
        }
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => match Self::open(own) {
                Some(writer) => none.insert(writer),
                None => return own.dropped_for_want_of_memory(),
            },
        };
        match writer.append(len, |out| entry.write(out)) {
            Ok(grown) => {
                self.counts.accepted();
                if grown {
                    own.wake();
                }
                if fills_half {
                    own.wake_collectors();
                }
            }
            Err(log::Full) => own.dropped_for_want_of_memory(),
        }
    }

    /// Counts a span that ended and is not exported.
    pub(super) fn discard(&mut self) {
        self.counts.ended();
    }

    #[cold]
    fn open(own: &Own) -> Option<Writer> {
        let (writer, reader) = log::log(&own.memory)?;
        own.lanes.iter().for_each(|lane| lane.add(reader.clone()));
        Some(writer)
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.own.counts.thread_ended(&self.counts);
    }
}

/// Of so many spans that are dropped, one wakes the collector.
const DROPPED_TO_WAKE: u64 = 1024;

/// A queue is filling when this many of its `max` places are taken.
fn half_of(max: usize) -> usize {
    (max / 2).max(1)
}

impl Own {
    /// Whether enough has come together for a request since there were `grown` bytes of logs.
    pub(super) fn is_filling(&self, grown: usize) -> bool {
        self.memory.grown().wrapping_sub(grown) >= self.wake_at || self.queue_is_filling()
    }

    fn queue_is_filling(&self) -> bool {
        self.max_queue_size.is_some_and(|max| self.queued.load(Ordering::Relaxed) >= half_of(max))
    }

    /// Wakes the collectors when enough has come together; called when a log has grown by a chunk.
    #[cold]
    fn wake(&self) {
        let grown = self.memory.grown();
        let before = self.woken_at.load(Ordering::Relaxed);
        if grown.wrapping_sub(before) >= self.wake_at {
            self.woken_at.store(grown, Ordering::Relaxed);
            self.wake_collectors();
        }
    }

    #[cold]
    fn wake_collectors(&self) {
        self.collectors.get().into_iter().flatten().for_each(Thread::unpark);
    }

    #[cold]
    fn dropped_for_want_of_memory(&self) {
        if self.max_queue_size.is_some() {
            self.queued.fetch_sub(1, Ordering::Relaxed);
        }
        self.dropped_for_want_of_room();
    }

    #[cold]
    fn dropped_for_want_of_room(&self) {
        let before = self.counts.dropped.full.fetch_add(1, Ordering::Relaxed);
        if before.is_multiple_of(DROPPED_TO_WAKE) {
            self.wake_collectors();
        }
    }

    /// How many spans were dropped for want of room.
    pub(super) fn dropped_for_room(&self) -> u64 {
        self.counts.dropped.full.load(Ordering::Relaxed)
    }

    pub(super) fn totals(&self) -> Totals {
        let max_queued_bytes = self.memory.limit() as u64;
        Totals { queued_bytes: self.memory.used() as u64, max_queued_bytes, ..self.counts.totals() }
    }
}
