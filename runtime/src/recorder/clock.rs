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

/// Wall time less the counter.
static OFFSET: AtomicU64 = AtomicU64::new(0);
/// The counter's value up to which the offset may be used.
static VALID_UNTIL: AtomicU64 = AtomicU64::new(0);

/// Nanoseconds since the Unix epoch.
#[inline]
pub(crate) fn now() -> u64 {
    if cfg!(miri) {
        // It knows no processor's counter.
        return nanos(SystemTime::now());
    }
    let now = counter();
    if now > VALID_UNTIL.load(Ordering::Relaxed) {
        anchor();
    }
    now.wrapping_add(OFFSET.load(Ordering::Relaxed))
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

/// Measures the offset. Threads that do so at the same time come to the same result, so that no order matters.
#[cold]
fn anchor() {
    // Of several readings the one that was least disturbed.
    let measure = |_| {
        let before = counter();
        let wall = nanos(SystemTime::now());
        let gap = counter().saturating_sub(before);
        (gap, wall.wrapping_sub(before + gap / 2))
    };
    if let Some((_, offset)) = (0..4).map(measure).min() {
        OFFSET.store(offset, Ordering::Relaxed);
        VALID_UNTIL.store(counter() + VALID, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_stays_near_the_system_clock() {
        // Preemption between the two readings is no fault of the clock: one undisturbed try of many is enough.
        for _ in 0..3 {
            let near = (0..1000).any(|_| {
                let before = nanos(SystemTime::now());
                let ours = now();
                let after = nanos(SystemTime::now());
                let bound = BOUND.as_nanos() as u64;
                ours + bound >= before && ours <= after + bound
            });
            assert!(near);
            std::thread::sleep(std::time::Duration::from_millis(400));
        }
    }
}
