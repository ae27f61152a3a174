//! Code of the application's that may not come back, on a thread of its own.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::Instant;

use crate::contained::contained;

/// Why there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undone {
    Late,
    Panicked,
    /// So many have not come back that no other is begun.
    TooMany,
}

impl fmt::Display for Undone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late => f.write_str("it was not done in time"),
            Self::Panicked => f.write_str("an exporter panicked"),
            Self::TooMany => write!(f, "{MOST} earlier flushes have not come back"),
        }
    }
}

/// How many threads there may be: whoever flushes something that hangs, and again and again, must not fill the process.
const MOST: usize = 16;

/// Where what one provider is asked for is done. What does not come back takes a place here, and from no other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Aside(Arc<AtomicUsize>);

/// Counts one that is under way.
struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn begin(Aside(count): &Aside) -> Option<Self> {
        let one = Self(Arc::clone(count));
        // In either case its drop takes it back.
        (count.fetch_add(1, Ordering::Relaxed) < MOST).then_some(one)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is being done, and has no result yet.
#[derive(Debug)]
pub(crate) struct Begun<T>(Result<Receiver<Option<T>>, Undone>);

impl Aside {
    /// Does `work` on another thread and waits for it until `deadline`.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        deadline: Instant,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Undone> {
        self.begin(work).wait(deadline)
    }

    /// Begins to do `work` on another thread.
    pub(crate) fn begin<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Begun<T> {
        let Some(under_way) = UnderWay::begin(self) else { return Begun(Err(Undone::TooMany)) };
        let (sender, done) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name("traced-flush".to_owned()).spawn(move || {
            let done = contained(work);
            drop(under_way);
            // Nobody listens any more if this took too long.
            let _ = sender.send(done);
        });
        // Without a thread nothing was done: that is late without a wait.
        Begun(thread.map(|_| done).map_err(|_| Undone::Late))
    }
}

impl<T> Begun<T> {
    /// Waits for it until `deadline`.
    pub(crate) fn wait(self, deadline: Instant) -> Result<T, Undone> {
        let left = deadline.saturating_duration_since(Instant::now());
        self.0?.recv_timeout(left).map_err(|_| Undone::Late)?.ok_or(Undone::Panicked)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_does_not_come_back_takes_few_threads_and_is_begun_again_when_it_has() {
        let aside = Aside::default();
        let later = || Instant::now() + Duration::from_secs(300);
        assert_eq!(aside.run(later(), || 1), Ok(1));
        assert_eq!(aside.run(later(), || panic!("in it")), Err::<(), _>(Undone::Panicked));
        let (over, waits) = channel::<()>();
        let waits = Arc::new(Mutex::new(waits));
        let hangs = || {
            let waits = Arc::clone(&waits);
            aside.run(Instant::now(), move || waits.lock().map(|waits| waits.recv().is_ok()).is_ok())
        };
        for _ in 0..MOST {
            assert_eq!(hangs(), Err(Undone::Late));
        }
        assert_eq!(hangs(), Err(Undone::TooMany));
        drop(over);
        while aside.run(later(), || 1) != Ok(1) {
            std::thread::yield_now();
        }
    }
}
