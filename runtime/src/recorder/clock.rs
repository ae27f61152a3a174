//! The time, read as cheaply as the machine allows.
//!
//! The source is the processor's counter where `quanta` finds that it is steady and knows its rate, else the monotonic clock.
//! Wall time is that counter plus an offset, which is measured anew against the system clock once a second: it
//! follows adjustments of the system clock within that second, and stays within [`BOUND`] of it while it runs steadily.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::raw;

/// How far the two clocks may be apart on a machine that is not overloaded: a second's drift of a counter whose rate is
/// known to a few parts in a million, and the time that reading the system clock takes.
#[cfg(test)]
const BOUND: std::time::Duration = std::time::Duration::from_millis(1);

/// How long an offset is used, in nanoseconds.
const VALID: u64 = 1_000_000_000;

/// Calibrates the counter when it is first read, which may take some tens of milliseconds: [`prepare`] does it ahead of time.
static CLOCK: LazyLock<quanta::Clock> = LazyLock::new(|| {
    let clock = quanta::Clock::new();
    // Where there is no steady counter it reads nanoseconds, which are left as they are.
    let span = 1 << FRACTION;
    let scale = clock.delta_as_nanos(0, span);
    if raw::has_counter() && scale != span {
        SCALE.store(scale, Ordering::Relaxed);
    }
    clock
});

/// The counter under Miri.
static MONOTONIC: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Nanoseconds between two values of the processor's counter that follow each other, as a binary fraction. 0 while that
/// is not known, and where there is no such counter or it is not steady.
static SCALE: AtomicU64 = AtomicU64::new(0);
/// The bits of that fraction.
const FRACTION: u32 = 48;

/// What turns the counter into wall time.
struct Anchor {
    /// Wall time less the counter.
    offset: AtomicU64,
    /// The counter's value up to which the offset may be used.
    valid_until: AtomicU64,
}

static ANCHOR: Anchor = Anchor { offset: AtomicU64::new(0), valid_until: AtomicU64::new(0) };

/// Nanoseconds since the Unix epoch.
#[inline]
pub(crate) fn now() -> u64 {
    if cfg!(miri) {
        // It knows no processor's counter.
        return nanos(SystemTime::now());
    }
    ANCHOR.now()
}

/// The counter in nanoseconds, from wherever it began.
#[inline]
fn counter() -> u64 {
    match SCALE.load(Ordering::Relaxed) {
        0 => other_counter(),
        scale => scaled(scale),
    }
}

#[inline]
fn scaled(scale: u64) -> u64 {
    ((u128::from(raw::counter()) * u128::from(scale)) >> FRACTION) as u64
}

/// The first reading, and every one where `quanta` knows better. The two ways to scale are never mixed: they are apart by
/// what the fraction leaves out.
#[cold]
fn other_counter() -> u64 {
    // Miri does not know the instruction that tells what the processor has.
    if cfg!(miri) {
        return MONOTONIC.elapsed().as_nanos() as u64;
    }
    let clock = &*CLOCK;
    match SCALE.load(Ordering::Relaxed) {
        0 => clock.delta_as_nanos(0, clock.raw()),
        scale => scaled(scale),
    }
}

/// Makes the clock ready, so that the first span does not wait for it.
pub(crate) fn prepare() {
    now();
}

/// Nanoseconds since the Unix epoch of a time of the standard library's.
pub(crate) fn nanos(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

impl Anchor {
    #[inline]
    fn now(&self) -> u64 {
        let now = counter();
        if now > self.valid_until.load(Ordering::Relaxed) {
            self.measure();
        }
        now.wrapping_add(self.offset.load(Ordering::Relaxed))
    }

    /// Measures the offset. Threads that do so at the same time come to the same result, so that no order matters.
    #[cold]
    fn measure(&self) {
        // Of several readings the one that was least disturbed.
        let measure = |_| {
            let before = counter();
            let wall = nanos(SystemTime::now());
            let gap = counter().saturating_sub(before);
            (gap, wall.wrapping_sub(before + gap / 2))
        };
        if let Some((_, offset)) = (0..4).map(measure).min() {
            self.offset.store(offset, Ordering::Relaxed);
            self.valid_until.store(counter() + VALID, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Preemption between the two readings is no fault of the clock: one undisturbed try of many is enough.
    fn is_near(now: impl Fn() -> u64) -> bool {
        (0..1000).any(|_| {
            let before = nanos(SystemTime::now());
            let ours = now();
            let after = nanos(SystemTime::now());
            let bound = BOUND.as_nanos() as u64;
            ours + bound >= before && ours <= after + bound
        })
    }

    #[test]
    fn the_clock_stays_near_the_system_clock() {
        for _ in 0..3 {
            assert!(is_near(now));
            std::thread::sleep(std::time::Duration::from_millis(400));
        }
    }

    #[test]
    #[cfg(not(miri))]
    fn a_system_clock_that_was_set_is_followed_when_the_offset_is_measured_anew() {
        let anchor = Anchor { offset: AtomicU64::new(0), valid_until: AtomicU64::new(0) };
        assert!(is_near(|| anchor.now()));
        let valid_for = anchor.valid_until.load(Ordering::Relaxed).saturating_sub(counter());
        assert!(valid_for <= VALID, "{valid_for}");
        // As if the system clock had gone back by an hour since.
        anchor.offset.fetch_add(3_600_000_000_000, Ordering::Relaxed);
        anchor.valid_until.store(u64::MAX, Ordering::Relaxed);
        assert!(!is_near(|| anchor.now()));
        anchor.valid_until.store(counter(), Ordering::Relaxed);
        assert!(is_near(|| anchor.now()));
    }
}
