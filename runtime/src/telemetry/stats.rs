//! What became of spans: counted for each exporter, and summed up as the pipeline's health.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::Component;
use crate::health::Health;
use crate::recorder::Totals;

/// What there is to say of spans that a collector took and refused: why, it may say with their values in it.
pub(crate) const REFUSED: &str = "the collector refused some of the spans; its own log says why";

/// What became of the spans that one exporter was given.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    #[cfg_attr(not(feature = "metrics"), allow(dead_code))]
    pub(crate) component: Component,
    /// How people know the exporter.
    pub(crate) destination: String,
    tally: Mutex<Tally>,
}

/// What one exporter has counted, and what it has not done with.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    exported: u64,
    failed: u64,
    /// Those that failed, by `error.type`.
    failures: BTreeMap<Cow<'static, str>, u64>,
    rejected: u64,
    abandoned: u64,
    crowded_out: u64,
    /// The exporter is gone: nobody takes spans for it any more.
    is_over: bool,
    /// The batch that the exporter was given and has not done with: since when, how many spans, why it failed last.
    under_way: Option<(Instant, u64, Option<Cow<'static, str>>)>,
    failed_batches: u64,
    last_error: Option<String>,
    /// What the exporter was told to do and has not done with.
    told: Option<Order>,
    /// How often it failed at that, and what it said last.
    failed_orders: u64,
    last_failed: Option<(Order, String)>,
}

/// What an exporter is told to do with what it holds itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Flush,
    Shutdown,
}

impl Order {
    /// The exporter's function that does it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Flush => "force_flush",
            Self::Shutdown => "shutdown",
        }
    }
}

impl Tally {
    fn total(&self) -> u64 {
        self.exported + self.lost() + self.crowded_out
    }

    /// The batch is done with.
    fn done(&mut self, component: &Component, error: Option<&str>) {
        if let Some((since, _, _)) = self.under_way.take() {
            crate::metrics::exported(component, since.elapsed(), error);
        }
    }

    pub(crate) fn lost(&self) -> u64 {
        self.failed + self.rejected + self.abandoned
    }

    /// How many of the `accepted` spans wait for the exporter, or are with it.
    pub(crate) fn queued(&self, accepted: u64) -> u64 {
        if self.is_over { 0 } else { accepted.saturating_sub(self.total()) }
    }

    /// How many of the `accepted` spans were left when the telemetry ended: those that were found then, and what a thread
    /// was writing that had found the pipeline open.
    pub(crate) fn left(&self, accepted: u64) -> u64 {
        self.abandoned + if self.is_over { accepted.saturating_sub(self.total()) } else { 0 }
    }

    /// The latest error of a batch, if there was one since it was `before`, or one is not done with.
    pub(crate) fn error_since(&self, before: &Self) -> Option<&str> {
        let is_new = self.lost() > before.lost() || self.failed_batches > before.failed_batches;
        let again = self.under_way.as_ref().is_some_and(|(_, _, failed)| failed.is_some());
        self.last_error.as_deref().filter(|_| is_new || again)
    }

    /// What the exporter failed to do since it was `before`, and why.
    pub(crate) fn failed_since(&self, before: &Self) -> Option<(Order, &str)> {
        let (order, error) = self.last_failed.as_ref()?;
        (self.failed_orders > before.failed_orders).then_some((*order, error))
    }

    /// The function of the exporter's that has not come back.
    pub(crate) fn busy_with(&self) -> Option<&'static str> {
        self.told.map(Order::name).or(self.under_way.as_ref().map(|_| "export"))
    }
}

#[cfg(feature = "metrics")]
impl Tally {
    pub(crate) fn exported(&self) -> u64 {
        self.exported
    }

    pub(crate) fn rejected(&self) -> u64 {
        self.rejected
    }

    pub(crate) fn failures(&self) -> &BTreeMap<Cow<'static, str>, u64> {
        &self.failures
    }

    /// Spans that the exporter was given and has not done with.
    pub(crate) fn in_flight(&self) -> u64 {
        self.under_way.as_ref().map_or(0, |(_, spans, _)| *spans)
    }

    /// Spans that the exporter was given.
    pub(crate) fn handed_over(&self) -> u64 {
        self.exported + self.failed + self.rejected + self.in_flight()
    }

    /// Spans that were dropped because this exporter had too much to deliver still.
    pub(crate) fn crowded_out(&self) -> u64 {
        self.crowded_out
    }
}

impl Stats {
    /// Of an exporter that metrics call `component`, and people `destination`.
    pub(crate) fn new(component: Component, destination: String) -> Self {
        Self { component, destination, tally: Mutex::default() }
    }

    /// The exporter is given a batch of `spans`, or the one that it has not done with once more.
    pub(crate) fn begins(&self, spans: u64) {
        self.lock().under_way.get_or_insert_with(|| (Instant::now(), spans, None));
    }

    /// A batch of `spans` arrived, of which `rejected` were refused.
    pub(crate) fn delivered(&self, spans: u64, rejected: u64) {
        let mut tally = self.lock();
        if rejected > 0 {
            tally.last_error = Some(REFUSED.to_owned());
        }
        tally.done(&self.component, (rejected > 0).then_some("rejected"));
        let rejected = rejected.min(spans);
        tally.rejected += rejected;
        tally.exported += spans - rejected;
    }

    /// A batch of `spans` is lost.
    pub(crate) fn lost(&self, spans: u64, error: String, kind: Cow<'static, str>) {
        let mut tally = self.lock();
        tally.failed += spans;
        tally.failed_batches += 1;
        tally.last_error = Some(error);
        tally.done(&self.component, Some(&kind));
        *tally.failures.entry(kind).or_default() += spans;
    }

    /// A batch could not be delivered; it will be tried again.
    pub(crate) fn postponed(&self, error: String, kind: Cow<'static, str>) {
        let mut tally = self.lock();
        tally.failed_batches += 1;
        tally.last_error = Some(error);
        if let Some((_, _, last)) = &mut tally.under_way {
            *last = Some(kind);
        }
    }

    /// `spans` were left when the telemetry ended.
    pub(crate) fn abandoned(&self, spans: u64) {
        let mut tally = self.lock();
        tally.abandoned += spans;
        tally.is_over = true;
        let last = tally.under_way.as_ref().and_then(|(_, _, last)| last.clone());
        tally.done(&self.component, Some(last.as_deref().unwrap_or("_OTHER")));
    }

    /// `spans` were dropped because this exporter had too much to deliver still.
    pub(crate) fn crowded_out(&self, spans: u64) {
        self.lock().crowded_out += spans;
    }

    /// The exporter is told to hand on what it holds itself.
    pub(crate) fn told(&self, order: Order) {
        self.lock().told = Some(order);
    }

    /// The exporter has done as it was told, or failed.
    pub(crate) fn obeyed(&self, order: Order, done: Result<(), String>) {
        let mut tally = self.lock();
        tally.told = None;
        if let Err(error) = done {
            tally.failed_orders += 1;
            tally.last_failed = Some((order, error));
        }
    }

    pub(crate) fn outcome(&self) -> Tally {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Health {
    /// That of a pipeline whose recorder and exporters have counted this.
    pub(crate) fn of<'a>(totals: &Totals, stats: impl IntoIterator<Item = &'a Stats>) -> Self {
        let mut health = Self {
            started: totals.started,
            open: totals.open,
            queued_bytes: totals.queued_bytes,
            max_queued_bytes: totals.max_queued_bytes,
            ..Self::default()
        };
        health.dropped.queue_full = totals.queue_full;
        health.dropped.too_large = totals.too_large;
        health.dropped.thread_ending = totals.thread_ending;
        health.dropped.shut_down = totals.after_shutdown;
        for stats in stats {
            let tally = stats.outcome();
            health.queued += tally.queued(totals.accepted);
            health.exported += tally.exported;
            health.dropped.export_failed += tally.failed;
            health.dropped.queue_full += tally.crowded_out;
            health.dropped.rejected += tally.rejected;
            health.dropped.shut_down += tally.left(totals.accepted);
            health.failed_batches += tally.failed_batches;
            let last_failed = tally.last_failed.map(|(_, error)| error);
            health.last_error = tally.last_error.or(last_failed).or(health.last_error);
        }
        health
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Dropped;

    #[test]
    fn every_span_is_counted_in_one_place() {
        let stats = Stats::default();
        stats.delivered(2, 1);
        stats.lost(1, "refused".to_owned(), "503".into());
        let totals = Totals { open: 1, accepted: 6, queue_full: 2, after_shutdown: 3, ..Totals::default() };
        let health = Health::of(&totals, [&stats]);
        let dropped = Dropped { queue_full: 2, export_failed: 1, rejected: 1, shut_down: 3, ..Dropped::default() };
        let last_error = Some("refused".to_owned());
        let expected =
            Health { open: 1, queued: 3, exported: 1, dropped, failed_batches: 1, last_error, ..Health::default() };
        assert_eq!(health, expected);
        assert_eq!(dropped.total(), 7);
    }

    /// A thread may have found the pipeline open and have written its span when nobody looked any more.
    #[test]
    fn what_came_into_the_log_after_the_last_look_is_counted_as_lost() {
        let stats = Stats::default();
        stats.delivered(2, 0);
        stats.abandoned(1);
        let totals = Totals { accepted: 6, ..Totals::default() };
        let health = Health::of(&totals, [&stats]);
        assert_eq!((health.exported, health.queued, health.dropped.shut_down), (2, 0, 4));
    }
}
