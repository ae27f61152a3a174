//! How many spans started, ended and were dropped.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// The counts of one pipeline. Each thread counts for itself; reading adds them up.
#[derive(Debug, Default)]
pub(super) struct Counts {
    threads: Mutex<Vec<Arc<ThreadCounts>>>,
    /// Those of threads that are gone.
    past: ThreadCounts,
    pub(super) dropped: Dropped,
}

/// The counts of one thread, which is the only one to change them. Nothing that other threads read lies beside them.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct ThreadCounts {
    started: AtomicU64,
    ended: AtomicU64,
    accepted: AtomicU64,
}

/// Spans that were dropped before they came into a log, by reason.
#[derive(Debug, Default)]
pub(super) struct Dropped {
    /// There was no memory, or no place, left for finished spans.
    pub(super) full: AtomicU64,
    /// A single span was larger than a request may be.
    pub(super) too_large: AtomicU64,
    /// It ended after the pipeline was shut down.
    pub(super) after_shutdown: AtomicU64,
}

/// What a pipeline has counted until now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Recorded spans that have started.
    pub(crate) started: u64,
    /// Recorded spans that have started and not yet ended.
    pub(crate) open: u64,
    /// Finished spans that came into a log.
    pub(crate) accepted: u64,
    pub(crate) queue_full: u64,
    pub(crate) too_large: u64,
    pub(crate) after_shutdown: u64,
    /// They were to start or end while their thread was ending; of all pipelines of the process.
    pub(crate) thread_ending: u64,
    /// How many bytes finished spans take in memory, and how many they may.
    pub(crate) queued_bytes: u64,
    pub(crate) max_queued_bytes: u64,
}

impl ThreadCounts {
    /// No other thread writes: a load and a store do.
    fn increment(count: &AtomicU64) {
        count.store(count.load(Relaxed) + 1, Relaxed);
    }

    #[inline]
    pub(super) fn started(&self) {
        Self::increment(&self.started);
    }

    #[inline]
    pub(super) fn ended(&self) {
        Self::increment(&self.ended);
    }

    #[inline]
    pub(super) fn accepted(&self) {
        Self::increment(&self.accepted);
    }
}

impl Counts {
    /// The counts of one more thread.
    pub(super) fn of_thread(&self) -> Arc<ThreadCounts> {
        let counts = Arc::<ThreadCounts>::default();
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&counts));
        counts
    }

    /// The thread of `counts` is gone.
    pub(super) fn thread_ended(&self, counts: &Arc<ThreadCounts>) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|thread| !Arc::ptr_eq(thread, counts));
        for (past, count) in [
            (&self.past.started, &counts.started),
            (&self.past.ended, &counts.ended),
            (&self.past.accepted, &counts.accepted),
        ] {
            past.fetch_add(count.load(Relaxed), Relaxed);
        }
    }

    pub(super) fn totals(&self) -> Totals {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let all = || threads.iter().map(|thread| &**thread).chain([&self.past]);
        // Ended first: a span that ends meanwhile is then not counted as ended and not started.
        let ended: u64 = all().map(|thread| thread.ended.load(Relaxed)).sum();
        let started: u64 = all().map(|thread| thread.started.load(Relaxed)).sum();
        Totals {
            started,
            open: started.saturating_sub(ended),
            accepted: all().map(|thread| thread.accepted.load(Relaxed)).sum(),
            queue_full: self.dropped.full.load(Relaxed),
            too_large: self.dropped.too_large.load(Relaxed),
            after_shutdown: self.dropped.after_shutdown.load(Relaxed),
            thread_ending: super::local::too_late(),
            ..Totals::default()
        }
    }
}
