//! One outlet's thread: it takes finished spans out of the logs and delivers them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use opentelemetry::Context;

use super::batch::{Batch, Resource, Size};
use super::collector::Orders;
use super::config::Schedule;
use super::counts::Totals;
use super::outlet::{Delivered, Outgoing, Outlet};
use super::own::Own;
use crate::contained::contained;

/// What the thread works with.
pub(super) struct Worker {
    own: Arc<Own>,
    /// Which of the pipeline's lanes is this outlet's.
    lane: usize,
    orders: Arc<Orders>,
    resource: Arc<Resource>,
    /// How long spans wait at most, and how many leave together.
    delay: Duration,
    size: Size,
    outlet: Box<dyn Outlet>,
    /// A batch that is to be tried again, not before that.
    kept: Option<Outgoing>,
    not_before: Instant,
    /// The memory of the last batch, and of its request: to be used again.
    spent: Batch,
    spent_request: Option<Bytes>,
    /// How much was written to the logs before the last export.
    grown: usize,
    /// How many spans were dropped before the last export.
    dropped: u64,
    /// How many spans that found no room the outlet has been told of.
    crowded_out: u64,
}

impl Worker {
    pub(super) fn new(
        own: &Arc<Own>,
        lane: usize,
        orders: Arc<Orders>,
        resource: &Arc<Resource>,
        schedule: &Schedule,
        outlet: Box<dyn Outlet>,
    ) -> Self {
        Self {
            own: Arc::clone(own),
            lane,
            orders,
            resource: Arc::clone(resource),
            delay: outlet.delay().map_or(schedule.delay, |delay| delay.min(schedule.delay)),
            size: Size { bytes: own.request_room, spans: schedule.max_batch_size.unwrap_or(usize::MAX) },
            outlet,
            kept: None,
            not_before: Instant::now(),
            spent: Batch::default(),
            spent_request: None,
            grown: 0,
            dropped: 0,
            crowded_out: 0,
        }
    }

    pub(super) fn run(mut self) {
        // What exporters do themselves is not traced.
        let _suppressed = Context::enter_telemetry_suppressed_scope();
        let mut next = Instant::now() + self.delay;
        loop {
            let ordered = *self.orders.lock();
            let forced = ordered.flushes > ordered.flushed || ordered.shutdown.is_some();
            if forced || self.is_due(next) || self.has_dropped() {
                self.export();
                // More may have been lost during the last delivery.
                self.tell_crowded_out();
                next = Instant::now() + self.delay;
            }
            if ordered.flushes > ordered.flushed {
                self.outlet.force_flush();
            }
            if let Some(deadline) = ordered.shutdown {
                return self.end(deadline, ordered.flushes);
            }
            let kept = self.kept.as_ref().map_or(0, |kept| kept.len() + self.own.lane(self.lane).waiting());
            self.orders.change(|state| {
                state.flushed = ordered.flushes;
                state.kept = kept as u64;
            });
            // An exporter may have used up the token of `unpark` while it waited for something of its own.
            let news = *self.orders.lock();
            if news.flushes > ordered.flushes || news.shutdown.is_some() || self.is_due(next) {
                continue;
            }
            let until = if self.kept.is_some() { self.not_before } else { next };
            std::thread::park_timeout(until.saturating_duration_since(Instant::now()));
        }
    }

    /// Whether it is time for an export, of which the `next` one is due by the schedule: sooner when much has come together.
    fn is_due(&self, next: Instant) -> bool {
        // What is kept holds up all that comes behind it.
        match self.kept {
            Some(_) => Instant::now() >= self.not_before,
            None => Instant::now() >= next || self.own.is_filling(self.grown),
        }
    }

    /// Whether spans found no room since the last export. This alone does not keep the thread awake: they may find none
    /// after it, either.
    fn has_dropped(&self) -> bool {
        self.kept.is_none() && self.own.dropped_for_room() != self.dropped
    }

    /// Delivers what is in the logs, until they are empty or the outlet needs time.
    fn export(&mut self) {
        (self.grown, self.dropped) = (self.own.memory.grown(), self.own.dropped_for_room());
        // What comes in meanwhile waits for its own turn: a flush must end however much is going on.
        self.own.lane(self.lane).mark();
        loop {
            let batch = match self.kept.take() {
                Some(kept) => kept,
                None => {
                    let batch = self.own.take(self.lane, std::mem::take(&mut self.spent), self.size);
                    self.own.relieve_others(self.lane, self.size);
                    if batch.len() == 0 {
                        // So little is going on that the memory is better used by others.
                        self.spent_request = None;
                        return;
                    }
                    Outgoing::new(batch, &self.resource, self.spent_request.take())
                }
            };
            let totals = self.totals();
            match self.outlet.deliver(&batch, &totals) {
                Delivered::Later(wait) => {
                    self.not_before = Instant::now() + wait;
                    self.kept = Some(batch);
                    return;
                }
                Delivered::Done => {}
            }
            (self.spent, self.spent_request) = batch.into_spent();
            if !self.own.lane(self.lane).owes() {
                return;
            }
        }
    }

    /// What the pipeline has counted, as far as it concerns this outlet. It is told of what it has lost.
    fn totals(&mut self) -> Totals {
        self.tell_crowded_out();
        let totals = self.own.totals();
        Totals { queue_full: totals.queue_full + self.crowded_out, ..totals }
    }

    fn tell_crowded_out(&mut self) {
        let crowded_out = self.own.lane(self.lane).crowded_out();
        let news = crowded_out - self.crowded_out;
        if news > 0 {
            self.crowded_out = crowded_out;
            self.outlet.crowded_out(news);
        }
    }

    fn end(mut self, deadline: Instant, flushes: u64) {
        let orders = Arc::clone(&self.orders);
        // Whatever an exporter does, when it goes too, those who wait for the end have to hear of it.
        contained(move || {
            self.tell_crowded_out();
            let mut rest = self.kept.take().map_or(0, |kept| kept.len() as u64);
            loop {
                let batch = self.own.take(self.lane, Batch::default(), Size::UNLIMITED);
                if batch.len() == 0 {
                    break;
                }
                rest += batch.len() as u64;
            }
            self.outlet.abandon(rest);
            self.outlet.shutdown(deadline.saturating_duration_since(Instant::now()));
            drop(self);
        });
        orders.change(|state| {
            state.flushed = flushes;
            state.kept = 0;
            state.over = true;
        });
    }
}
