//! The thread that takes finished spans out of the logs and hands them to the outlets.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use opentelemetry::Context;

use super::batch::{Batch, Resource, Size};
use super::config::Schedule;
use super::fork;
use super::outlet::{Delivered, Outgoing, Outlet};
use super::own::{MAX_ENTRY, Own};

/// A request is at most 2 MiB. What is around the spans in it, the resource above all, has its place in the difference.
const REQUEST: usize = MAX_ENTRY;

/// The collector of one pipeline, as others see it.
#[derive(Debug)]
pub(super) struct Collector {
    orders: Arc<Orders>,
    thread: Thread,
    handle: Mutex<Option<JoinHandle<()>>>,
}

/// What the collector has been told to do, and how far it is.
#[derive(Debug, Default)]
struct Orders {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default, Clone, Copy)]
struct State {
    /// How many flushes were asked for, and how many are done.
    flushes: u64,
    flushed: u64,
    /// When the shutdown has to be over, if there is to be one.
    shutdown: Option<Instant>,
    over: bool,
    /// Spans of a batch that is to be tried again.
    kept: u64,
}

impl Orders {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Waits until `done` says so; false when `deadline` passes first.
    fn wait(&self, deadline: Instant, done: impl Fn(&State) -> bool) -> bool {
        let mut state = self.lock();
        while !done(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Collector {
    /// Starts the thread.
    pub(super) fn start(
        own: &Arc<Own>,
        resource: &opentelemetry_sdk::Resource,
        schedule: Schedule,
        outlets: Vec<Box<dyn Outlet>>,
    ) -> std::io::Result<Self> {
        let orders = Arc::<Orders>::default();
        let resource = Arc::new(Resource::new(resource));
        let worker = Worker {
            own: Arc::clone(own),
            orders: Arc::clone(&orders),
            resource,
            schedule,
            done: vec![false; outlets.len()],
            outlets,
            kept: None,
            not_before: Instant::now(),
        };
        let handle = std::thread::Builder::new().name("traced-collector".to_owned()).spawn(move || worker.run())?;
        own.set_collector(handle.thread().clone());
        Ok(Self { orders, thread: handle.thread().clone(), handle: Mutex::new(Some(handle)) })
    }

    /// Has everything delivered that has ended before. False when that took longer than `timeout`.
    pub(super) fn flush(&self, timeout: Duration) -> bool {
        if fork::is_forked() {
            return false;
        }
        let deadline = Instant::now() + timeout;
        let mut number = 0;
        self.orders.change(|state| {
            state.flushes += 1;
            number = state.flushes;
        });
        self.thread.unpark();
        self.orders.wait(deadline, |state| state.flushed >= number || state.over)
    }

    /// Has everything delivered and ends the thread. False when that took longer than `timeout`.
    pub(super) fn shutdown(&self, timeout: Duration) -> bool {
        if fork::is_forked() {
            return false;
        }
        let deadline = Instant::now() + timeout;
        self.orders
            .change(|state| state.shutdown = Some(state.shutdown.map_or(deadline, |before| before.min(deadline))));
        self.thread.unpark();
        let over = self.orders.wait(deadline, |state| state.over);
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let (true, Some(handle)) = (over, handle) {
            // It has nothing left to do: this does not wait.
            let _ = handle.join();
        }
        over
    }

    /// How many spans could not be delivered yet and are kept for another try.
    pub(super) fn kept(&self) -> u64 {
        self.orders.lock().kept
    }
}

/// What the thread works with.
struct Worker {
    own: Arc<Own>,
    orders: Arc<Orders>,
    resource: Arc<Resource>,
    schedule: Schedule,
    outlets: Vec<Box<dyn Outlet>>,
    /// A batch that is to be tried again, and which outlets have done with it.
    kept: Option<Outgoing>,
    done: Vec<bool>,
    not_before: Instant,
}

impl Worker {
    fn run(mut self) {
        // What exporters do themselves is not traced.
        let _suppressed = Context::enter_telemetry_suppressed_scope();
        let mut next = Instant::now() + self.schedule.delay;
        loop {
            let ordered = *self.orders.lock();
            let forced = ordered.flushes > ordered.flushed || ordered.shutdown.is_some();
            let due = Instant::now() >= next || self.own.is_filling();
            if forced || (due && (self.kept.is_none() || Instant::now() >= self.not_before)) {
                self.export();
                next = Instant::now() + self.schedule.delay;
            }
            if ordered.flushes > ordered.flushed {
                self.outlets.iter_mut().for_each(|outlet| outlet.force_flush());
            }
            let kept = self.kept.as_ref().map_or(0, |batch| batch.len() as u64);
            if let Some(deadline) = ordered.shutdown {
                return self.end(deadline, ordered.flushes);
            }
            self.orders.change(|state| {
                state.flushed = ordered.flushes;
                state.kept = kept;
            });
            // An exporter may have used up the token of `unpark` while it waited for something of its own.
            let news = *self.orders.lock();
            if news.flushes > ordered.flushes || news.shutdown.is_some() {
                continue;
            }
            let until = if self.kept.is_some() { self.not_before.max(Instant::now()) } else { next };
            std::thread::park_timeout(until.saturating_duration_since(Instant::now()));
        }
    }

    /// Delivers what is in the logs, until they are empty or an outlet needs time.
    fn export(&mut self) {
        // What comes in meanwhile waits for its own turn: a flush must end however much is going on.
        let mut left = self.own.memory.used() + REQUEST;
        loop {
            let was_kept = self.kept.is_some();
            let batch = match self.kept.take() {
                Some(kept) => kept,
                None => {
                    let size = Size { bytes: REQUEST, spans: self.schedule.max_batch_size.unwrap_or(usize::MAX) };
                    let batch = Batch::take(&self.own, size);
                    if batch.len() == 0 {
                        return;
                    }
                    self.done.fill(false);
                    left = left.saturating_sub(batch.bytes());
                    Outgoing::new(batch, &self.resource)
                }
            };
            if let Some(wait) = self.deliver(&batch) {
                self.not_before = Instant::now() + wait;
                self.kept = Some(batch);
                return;
            }
            // A batch that is not full was all that there was, unless it is an old one.
            if !was_kept && (!batch.is_full() || left == 0) {
                return;
            }
        }
    }

    /// Hands `batch` to every outlet that has not done with it. Some: how long to wait before the next try.
    fn deliver(&mut self, batch: &Outgoing) -> Option<Duration> {
        let mut wait = None;
        let totals = self.own.totals();
        for (outlet, done) in self.outlets.iter_mut().zip(&mut self.done) {
            if *done {
                continue;
            }
            match outlet.deliver(batch, &totals) {
                Delivered::Done => *done = true,
                Delivered::Later(later) => wait = wait.max(Some(later)),
            }
        }
        wait
    }

    fn end(mut self, deadline: Instant, flushes: u64) {
        // Whatever an exporter does, those who wait for the end have to hear of it.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            if let Some(kept) = self.kept.take() {
                for (outlet, done) in self.outlets.iter_mut().zip(&self.done) {
                    if !done {
                        outlet.abandon(kept.len() as u64);
                    }
                }
            }
            let rest = Batch::take(&self.own, Size::UNLIMITED).len() as u64;
            for outlet in &mut self.outlets {
                outlet.abandon(rest);
                outlet.shutdown(deadline.saturating_duration_since(Instant::now()));
            }
        }));
        self.orders.change(|state| {
            state.flushed = flushes;
            state.kept = 0;
            state.over = true;
        });
    }
}
