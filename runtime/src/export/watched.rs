//! Watching a way out: what it is given, what becomes of it, and what has to be said about that.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Closing;
use crate::contained::contained;
use crate::recorder::{Delivered, Outgoing, Outlet, Totals};
use crate::telemetry::{Component, Order, Outage, Overflow, REFUSED, Reporter, Stats};

/// How finished spans are carried away.
pub(crate) trait Carrier: Send {
    /// Delivers `batch` and gives how many of its spans were refused.
    fn carry(&mut self, batch: &Outgoing) -> Result<u64, Failure>;

    /// Hands on what it holds itself, or says why it can't.
    fn force_flush(&mut self) -> Result<(), String> {
        Ok(())
    }

    /// Nothing more will come.
    fn shutdown(&mut self, _timeout: Duration) -> Result<(), String> {
        Ok(())
    }
}

/// Why a batch was not delivered.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) reason: String,
    /// `error.type` of the metrics: one of few values, a status where there is one.
    pub(crate) kind: Cow<'static, str>,
    /// Worth another try, after the time that was asked for, if it was.
    pub(crate) again: Option<Option<Duration>>,
}

impl Failure {
    /// One that another try would not mend.
    pub(crate) fn lasting(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), kind: Cow::Borrowed("_OTHER"), again: None }
    }
}

/// Everything that is common to the ways out of one pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    pub(crate) destination: String,
    /// How long spans may wait for this way out at most, if it is shorter than the others'.
    pub(crate) delay: Option<Duration>,
    pub(crate) component: Component,
    pub(crate) reporter: Reporter,
    pub(crate) closing: Arc<Closing>,
}

/// The first wait before a batch that failed is tried again, and the longest.
const WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Whoever asks for more is mistaken, or means harm. Who asks for less than the first wait would get one request after the
/// other.
const LONGEST_ASKED: Duration = Duration::from_secs(60 * 60);

/// A way out that is watched.
pub(crate) struct Watched<C> {
    carrier: C,
    watch: Watch,
    stats: Arc<Stats>,
    outage: Outage,
    /// The same of what it holds itself.
    holding: Outage,
    overflow: Overflow,
    wait: Duration,
}

impl<C: Carrier> Watched<C> {
    pub(crate) fn new(carrier: C, watch: Watch) -> (Self, Arc<Stats>) {
        let stats = Arc::new(Stats::new(watch.component.clone(), watch.destination.clone()));
        let watched = Self {
            carrier,
            watch,
            stats: Arc::clone(&stats),
            outage: Outage::default(),
            holding: Outage::default(),
            overflow: Overflow::default(),
            wait: WAIT,
        };
        (watched, stats)
    }

    /// Carries; a panic of the carrier is an error like any other, since the thread has to live on.
    fn carry(&mut self, batch: &Outgoing) -> Result<u64, Failure> {
        contained(|| self.carrier.carry(batch)).unwrap_or_else(|| {
            Err(Failure { kind: Cow::Borrowed("panic"), ..Failure::lasting("the exporter panicked") })
        })
    }

    /// Has the carrier hand on what it holds itself; its errors are told like those of batches.
    fn order(&mut self, order: Order, obey: impl FnOnce(&mut C) -> Result<(), String>) {
        self.stats.told(order);
        let done = contained(|| obey(&mut self.carrier)).unwrap_or_else(|| Err("it panicked".to_owned()));
        let (now, destination) = (Instant::now(), &self.watch.destination);
        let warning = match &done {
            Ok(()) => self.holding.succeeded(now, destination),
            Err(error) => self.holding.failed(now, destination, &format!("its {} failed: {error}", order.name()), 0),
        };
        self.stats.obeyed(order, done);
        warning.iter().for_each(|warning| self.watch.reporter.warn(warning));
    }

    fn report(&mut self, outcome: Result<u64, &str>, lost: u64, totals: &Totals) {
        let now = Instant::now();
        let destination = &self.watch.destination;
        let warning = match outcome {
            Ok(0) => self.outage.succeeded(now, destination),
            Ok(rejected) => self.outage.failed(now, destination, REFUSED, rejected),
            Err(error) => self.outage.failed(now, destination, error, lost),
        };
        let overflow = self.overflow.dropped(now, totals.queue_full, totals.max_queued_bytes);
        for warning in warning.iter().chain(&overflow) {
            self.watch.reporter.warn(warning);
        }
    }
}

impl<C: Carrier> Outlet for Watched<C> {
    fn deliver(&mut self, batch: &Outgoing, totals: &Totals) -> Delivered {
        let spans = batch.len() as u64;
        self.stats.begins(spans);
        match self.carry(batch) {
            Ok(rejected) => {
                self.report(Ok(rejected), 0, totals);
                self.stats.delivered(spans, rejected);
                self.wait = WAIT;
                Delivered::Done
            }
            Err(Failure { reason, kind, again: Some(asked) }) if !self.watch.closing.has_begun() => {
                self.report(Err(&reason), 0, totals);
                self.stats.postponed(reason, kind);
                let wait = asked.map_or(self.wait, |asked| asked.clamp(WAIT, LONGEST_ASKED));
                self.wait = (2 * self.wait).min(LONGEST_WAIT);
                Delivered::Later(wait)
            }
            Err(Failure { reason, kind, .. }) => {
                self.report(Err(&reason), spans, totals);
                self.stats.lost(spans, reason, kind);
                Delivered::Done
            }
        }
    }

    fn delay(&self) -> Option<Duration> {
        self.watch.delay
    }

    fn crowded_out(&mut self, spans: u64) {
        self.stats.crowded_out(spans);
    }

    fn abandon(&mut self, spans: u64) {
        self.stats.abandoned(spans);
    }

    fn force_flush(&mut self) {
        self.order(Order::Flush, C::force_flush);
    }

    fn shutdown(&mut self, timeout: Duration) {
        self.order(Order::Shutdown, |carrier| carrier.shutdown(timeout));
    }
}
