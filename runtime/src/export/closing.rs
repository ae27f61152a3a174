//! The end of the program, as the exporter's thread learns of it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Set once, by a shutdown: waits are over, and nothing is to last beyond the deadline.
#[derive(Debug, Default)]
pub(crate) struct Closing {
    deadline: Mutex<Option<Instant>>,
    changed: Condvar,
}

impl Closing {
    pub(crate) fn begin(&self, deadline: Instant) {
        self.lock().get_or_insert(deadline);
        self.changed.notify_all();
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.lock().is_some()
    }

    /// `deadline`, or that of the shutdown if it is earlier.
    #[cfg_attr(not(feature = "otlp"), allow(dead_code))]
    pub(crate) fn bound(&self, deadline: Instant) -> Instant {
        self.lock().map_or(deadline, |end| end.min(deadline))
    }

    /// Waits; false, and at once, when the end has come.
    #[cfg_attr(not(feature = "otlp"), allow(dead_code))]
    pub(crate) fn sleep(&self, duration: Duration) -> bool {
        let (deadline, _) = self
            .changed
            .wait_timeout_while(self.lock(), duration, |deadline| deadline.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        deadline.is_none()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_with_the_program() {
        let closing = Closing::default();
        assert!(closing.sleep(Duration::from_millis(1)));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| closing.sleep(Duration::from_secs(60)));
            closing.begin(Instant::now());
            assert!(!waiting.join().unwrap());
        });
        assert!(!closing.sleep(Duration::from_secs(60)));
    }
}
