//! A pipeline of our own: what its spans are made with, and the logs that they end in.

use std::fmt;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak};
use std::thread::Thread;

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::{IdGenerator, ShouldSample};

use super::config::RecorderConfig;
use super::counts::{Counts, ThreadCounts, Totals};
use super::ids::Ids;
use super::log::entry::Entry;
use super::log::{self, Memory, Reader, Writer};
use super::record::Limits;
use super::wire::{Redactor, ValueRules};
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

/// A finished span takes at most this much of a log: requests are at most 2 MiB, and have to say who it is from.
pub(super) const MAX_ENTRY: usize = 2 * 1024 * 1024 - 64 * 1024;

/// A pipeline of our own.
pub(crate) struct Own {
    pub(super) id: PipelineId,
    pub(super) sampler: Box<dyn ShouldSample>,
    pub(super) parent_based: bool,
    pub(super) sampler_sees_attributes: bool,
    pub(super) limits: Limits,
    id_generator: Option<Box<dyn IdGenerator>>,
    pub(super) memory: log::sync::Arc<Memory>,
    /// The reading ends of the logs of every thread.
    readers: Mutex<Vec<Reader>>,
    closed: AtomicBool,
    /// How many spans may wait and how many do, where that is limited.
    max_queue_size: Option<usize>,
    queued: AtomicUsize,
    pub(super) counts: Counts,
    collector: OnceLock<Thread>,
    wake_at: usize,
}

impl Own {
    pub(super) fn new(config: RecorderConfig) -> Arc<Self> {
        clock::prepare();
        fork::watch();
        let redactor = config.redactor.map(|redactor| {
            // Kept for ever, as there is one for each pipeline that a program sets up: no span has to count references.
            &*Box::leak(Box::new(Redactor::new(redactor.0)))
        });
        let limit = config.value_length.map_or_else(Default::default, super::wire::ValueLimit::chars);
        let schedule = &config.schedule;
        let id =
            PipelineId::from_number(NEXT_ID.fetch_add(1, Ordering::Relaxed)).unwrap_or(PipelineId(NonZero::<u32>::MAX));
        let own = Arc::new(Self {
            id,
            sampler: config.sampler,
            parent_based: config.parent_based,
            sampler_sees_attributes: config.sampler_sees_attributes,
            limits: Limits { span: config.limits, values: ValueRules { limit, redactor } },
            id_generator: config.id_generator,
            memory: log::sync::Arc::new(Memory::new(schedule.max_queue_bytes)),
            readers: Mutex::default(),
            closed: AtomicBool::new(false),
            max_queue_size: schedule.max_queue_size,
            queued: AtomicUsize::new(0),
            counts: Counts::default(),
            collector: OnceLock::new(),
            wake_at: (schedule.max_queue_bytes / 8).min(1024 * 1024),
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

    /// The thread to wake when much has come together.
    pub(super) fn set_collector(&self, thread: Thread) {
        let _ = self.collector.set(thread);
    }

    /// Runs `read` with the reading ends of all logs. Those that will never have more are then forgotten.
    pub(super) fn read<T>(&self, read: impl FnOnce(&mut [Reader]) -> T) -> T {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let result = read(&mut readers);
        readers.retain_mut(|reader| !reader.is_finished());
        result
    }

    /// `count` spans have left the logs.
    pub(super) fn left(&self, count: usize) {
        if self.max_queue_size.is_some() {
            self.queued.fetch_sub(count, Ordering::Relaxed);
        }
    }

    /// How many threads have a log.
    #[cfg(test)]
    #[allow(dead_code)]
    pub(super) fn logs(&self) -> usize {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).len()
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

/// Where one thread hands its finished spans to one pipeline.
pub(super) struct Port {
    pub(super) id: PipelineId,
    pub(super) own: Arc<Own>,
    /// Made when the thread's first span ends.
    writer: Option<Writer>,
    pub(super) counts: Arc<ThreadCounts>,
}

impl Port {
    pub(super) fn new(own: Arc<Own>) -> Self {
        let counts = own.counts.of_thread();
        Self { id: own.id, own, writer: None, counts }
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
        if len > MAX_ENTRY {
            own.counts.dropped.too_large.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if own.max_queue_size.is_some_and(|max| own.queued.fetch_add(1, Ordering::Relaxed) >= max) {
            own.queued.fetch_sub(1, Ordering::Relaxed);
            return own.dropped_for_want_of_room();
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
        own.readers.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
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

impl Own {
    /// Whether enough has come together for a request.
    #[inline]
    pub(super) fn is_filling(&self) -> bool {
        self.memory.used() >= self.wake_at
    }

    /// Wakes the collector when enough has come together.
    #[cold]
    fn wake(&self) {
        if self.is_filling()
            && let Some(collector) = self.collector.get()
        {
            collector.unpark();
        }
    }

    #[cold]
    fn dropped_for_want_of_memory(&self) {
        self.left(1);
        self.dropped_for_want_of_room();
    }

    #[cold]
    fn dropped_for_want_of_room(&self) {
        let before = self.counts.dropped.full.fetch_add(1, Ordering::Relaxed);
        if before.is_multiple_of(DROPPED_TO_WAKE)
            && let Some(collector) = self.collector.get()
        {
            collector.unpark();
        }
    }

    pub(super) fn totals(&self) -> Totals {
        let max_queued_bytes = self.memory.limit() as u64;
        Totals { queued_bytes: self.memory.used() as u64, max_queued_bytes, ..self.counts.totals() }
    }
}
