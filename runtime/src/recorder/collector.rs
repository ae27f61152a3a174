//! The threads that take finished spans out of the logs and hand them to the outlets, one to each.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use super::config::Schedule;
use super::fork;
use super::outlet::{Nowhere, Outlet};
use super::own::Own;
use super::worker::Worker;

/// The collectors of one pipeline, as others see them: a thread for each outlet, so that one which has to wait, or to try
/// again, holds up no other.
#[derive(Debug)]
pub(super) struct Collector(Vec<Collecting>);

/// One of the threads.
#[derive(Debug)]
struct Collecting {
    orders: Arc<Orders>,
    thread: Thread,
    handle: Mutex<Option<JoinHandle<()>>>,
}

/// What a collector has been told to do, and how far it is.
#[derive(Debug, Default)]
pub(super) struct Orders {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default, Clone, Copy)]
pub(super) struct State {
    /// How many flushes were asked for, and how many are done.
    pub(super) flushes: u64,
    pub(super) flushed: u64,
    /// When the shutdown has to be over, if there is to be one.
    pub(super) shutdown: Option<Instant>,
    pub(super) over: bool,
    /// Spans that could not be delivered yet.
    pub(super) kept: u64,
}

impl Orders {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
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
    /// Starts the threads.
    pub(super) fn start(
        own: &Arc<Own>,
        resource: &opentelemetry_sdk::Resource,
        schedule: &Schedule,
        mut outlets: Vec<Box<dyn Outlet>>,
    ) -> std::io::Result<Self> {
        let resource = Arc::new(super::batch::Resource::new(resource));
        if outlets.is_empty() {
            outlets.push(Box::new(Nowhere));
        }
        let mut collector = Self(Vec::new());
        for (number, outlet) in outlets.into_iter().enumerate() {
            let orders = Arc::<Orders>::default();
            let worker = Worker::new(own, number, Arc::clone(&orders), &resource, schedule, outlet);
            let name = if number == 0 { "traced-collector".to_owned() } else { format!("traced-collect{number}") };
            match std::thread::Builder::new().name(name).spawn(move || worker.run()) {
                Ok(handle) => {
                    let thread = handle.thread().clone();
                    collector.0.push(Collecting { orders, thread, handle: Mutex::new(Some(handle)) });
                }
                Err(error) => {
                    collector.shutdown(Duration::ZERO);
                    return Err(error);
                }
            }
        }
        own.set_collectors(collector.0.iter().map(|one| one.thread.clone()).collect());
        Ok(collector)
    }

    /// Has every outlet deliver all that has ended before. False when that took longer than `timeout`.
    pub(super) fn flush(&self, timeout: Duration) -> bool {
        if fork::is_forked() {
            return false;
        }
        let deadline = Instant::now() + timeout;
        let numbers: Vec<u64> = self.0.iter().map(Collecting::order_flush).collect();
        self.0
            .iter()
            .zip(numbers)
            // Each is waited for, also when one before was late: then its turn takes no time.
            .filter(|(one, number)| !one.orders.wait(deadline, |state| state.flushed >= *number || state.over))
            .count()
            == 0
    }

    /// Has everything delivered and ends the threads. False when that took longer than `timeout`.
    pub(super) fn shutdown(&self, timeout: Duration) -> bool {
        if fork::is_forked() {
            return false;
        }
        let deadline = Instant::now() + timeout;
        self.0.iter().for_each(|one| one.order_shutdown(deadline));
        self.0.iter().filter(|one| !one.wait_for_end(deadline)).count() == 0
    }

    /// How many spans could not be delivered yet and are kept for another try, of all outlets.
    pub(super) fn kept(&self) -> u64 {
        self.0.iter().map(|one| one.orders.lock().kept).sum()
    }
}

impl Collecting {
    fn order_flush(&self) -> u64 {
        let mut number = 0;
        self.orders.change(|state| {
            state.flushes += 1;
            number = state.flushes;
        });
        self.thread.unpark();
        number
    }

    fn order_shutdown(&self, deadline: Instant) {
        self.orders
            .change(|state| state.shutdown = Some(state.shutdown.map_or(deadline, |before| before.min(deadline))));
        self.thread.unpark();
    }

    fn wait_for_end(&self, deadline: Instant) -> bool {
        let over = self.orders.wait(deadline, |state| state.over);
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let (true, Some(handle)) = (over, handle) {
            // It has nothing left to do: this does not wait.
            let _ = handle.join();
        }
        over
    }
}
