//! How the pipeline fares: what was exported, what was dropped and why.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// How the pipeline fares since it was installed: [`Telemetry::health`](crate::Telemetry::health).
///
/// With several exporters a span counts once for each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// Spans that have started and not yet ended.
    pub open: u64,
    /// Ended spans that wait for export, or are being exported.
    pub queued: u64,
    /// How many spans may wait; more are dropped.
    pub queue_capacity: u64,
    /// Spans that an exporter took.
    pub exported: u64,
    /// Spans that were lost.
    pub dropped: Dropped,
    /// Batches that could not be delivered.
    pub failed_batches: u64,
    /// What the exporter said last when it failed.
    pub last_error: Option<String>,
}

/// Spans that were lost, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// They ended faster than they were exported.
    pub queue_full: u64,
    /// Their batch could not be delivered.
    pub export_failed: u64,
    /// The collector took their batch and refused them.
    pub rejected: u64,
    /// They had not ended, or had not been exported, when the telemetry was shut down.
    pub shut_down: u64,
}

impl Dropped {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.queue_full + self.export_failed + self.rejected + self.shut_down
    }
}

/// The counts of one exporter.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    capacity: u64,
    started: AtomicU64,
    ended: AtomicU64,
    accepted: AtomicU64,
    taken: AtomicU64,
    queue_full: AtomicU64,
    late: AtomicU64,
    closed: AtomicBool,
    settled: Mutex<Settled>,
    changed: Condvar,
}

/// What became of the spans whose export is over.
#[derive(Debug, Default, Clone)]
pub(crate) struct Settled {
    exported: u64,
    failed: u64,
    rejected: u64,
    failed_batches: u64,
    last_error: Option<String>,
    /// Once closed: how many were still open or waiting.
    abandoned: u64,
}

impl Settled {
    fn total(&self) -> u64 {
        self.exported + self.lost()
    }

    pub(crate) fn lost(&self) -> u64 {
        self.failed + self.rejected
    }

    pub(crate) fn last_error(&self) -> Option<&String> {
        self.last_error.as_ref()
    }
}

impl Stats {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity: capacity as u64, ..Self::default() }
    }

    pub(crate) fn started(&self) {
        self.started.fetch_add(1, Relaxed);
    }

    /// A span has ended; whether it is to be exported and there is room for it in the queue.
    pub(crate) fn ended(&self, sampled: bool) -> bool {
        self.ended.fetch_add(1, Relaxed);
        if !sampled {
            return false;
        }
        if self.closed.load(Relaxed) {
            self.late.fetch_add(1, Relaxed);
            return false;
        }
        let room = self.accepted.fetch_update(Relaxed, Relaxed, |accepted| {
            let waiting = accepted.saturating_sub(self.taken.load(Relaxed));
            (waiting < self.capacity).then_some(accepted + 1)
        });
        if room.is_err() {
            self.queue_full.fetch_add(1, Relaxed);
        }
        room.is_ok()
    }

    /// The exporter was given `spans`.
    pub(crate) fn taken(&self, spans: u64) {
        self.taken.fetch_add(spans, Relaxed);
    }

    /// The export of a batch is over: `rejected` of the `spans`, or all if it failed, are lost.
    pub(crate) fn settled(&self, spans: u64, outcome: Result<u64, String>) {
        let mut settled = self.lock();
        match outcome {
            Ok(rejected) => {
                let rejected = rejected.min(spans);
                settled.rejected += rejected;
                settled.exported += spans - rejected;
            }
            Err(error) => {
                settled.failed += spans;
                settled.failed_batches += 1;
                settled.last_error = Some(error);
            }
        }
        drop(settled);
        self.changed.notify_all();
    }

    /// From now on nothing is accepted; what is open or waits now is lost.
    pub(crate) fn close(&self) {
        if !self.closed.swap(true, Relaxed) {
            let open = self.open();
            let mut settled = self.lock();
            settled.abandoned = open + self.waiting(&settled);
        }
    }

    /// How many spans have been accepted so far: what [`wait`](Stats::wait) can wait for.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Relaxed)
    }

    pub(crate) fn queue_full(&self) -> u64 {
        self.queue_full.load(Relaxed)
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity as usize
    }

    /// Waits until the export of the first `accepted` spans is over; false when `deadline` passes first.
    pub(crate) fn wait(&self, accepted: u64, deadline: Instant) -> bool {
        let mut settled = self.lock();
        while settled.total() < accepted {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            settled = self.changed.wait_timeout(settled, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    pub(crate) fn outcome(&self) -> Settled {
        self.lock().clone()
    }

    /// How many wait for export, or are being exported.
    pub(crate) fn pending(&self) -> u64 {
        self.waiting(&self.lock())
    }

    pub(crate) fn add_to(&self, health: &mut Health) {
        let settled = self.outcome();
        health.open = health.open.max(self.open());
        health.queued += self.waiting(&settled);
        health.queue_capacity += self.capacity;
        health.exported += settled.exported;
        health.dropped.queue_full += self.queue_full();
        health.dropped.export_failed += settled.failed;
        health.dropped.rejected += settled.rejected;
        health.dropped.shut_down += if self.closed.load(Relaxed) {
            // What was abandoned may still have ended, or been delivered after the deadline.
            settled.abandoned.max(self.late.load(Relaxed))
        } else {
            0
        };
        health.failed_batches += settled.failed_batches;
        health.last_error = settled.last_error.or(health.last_error.take());
    }

    fn open(&self) -> u64 {
        self.started.load(Relaxed).saturating_sub(self.ended.load(Relaxed))
    }

    fn waiting(&self, settled: &Settled) -> u64 {
        self.accepted().saturating_sub(settled.total())
    }

    fn lock(&self) -> MutexGuard<'_, Settled> {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn health(stats: &Stats) -> Health {
        let mut health = Health::default();
        stats.add_to(&mut health);
        health
    }

    #[test]
    fn every_span_is_counted_in_one_place() {
        let stats = Stats::new(3);
        for _ in 0..6 {
            stats.started();
        }
        let room: Vec<bool> = (0..5).map(|_| stats.ended(true)).collect();
        assert_eq!(room, [true, true, true, false, false]);
        assert_eq!((health(&stats).open, health(&stats).queued), (1, 3));

        stats.taken(2);
        stats.settled(2, Ok(1));
        stats.taken(1);
        stats.settled(1, Err("refused".to_owned()));
        let dropped = Dropped { queue_full: 2, export_failed: 1, rejected: 1, shut_down: 0 };
        let expected = Health {
            open: 1,
            queued: 0,
            queue_capacity: 3,
            exported: 1,
            dropped,
            failed_batches: 1,
            last_error: Some("refused".to_owned()),
        };
        assert_eq!(health(&stats), expected);
        assert_eq!(dropped.total(), 4);
    }

    #[test]
    fn what_is_open_or_ends_after_the_end_is_counted_as_lost() {
        let stats = Stats::new(3);
        stats.started();
        stats.close();
        assert_eq!(health(&stats).dropped.shut_down, 1);
        assert!(!stats.ended(true));
        assert_eq!(health(&stats).dropped.shut_down, 1);
    }

    #[test]
    fn waiting_ends_with_the_export_or_the_deadline() {
        let stats = Stats::new(3);
        assert!(stats.ended(true));
        assert!(!stats.wait(1, Instant::now() + Duration::from_millis(5)));
        std::thread::scope(|scope| {
            scope.spawn(|| stats.settled(1, Ok(0)));
            assert!(stats.wait(1, Instant::now() + Duration::from_secs(5)));
        });
    }
}
