//! Random trace and span ids, without a lock.

use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use opentelemetry::trace::{SpanId, TraceId};

/// One thread's source of ids: [xoshiro256++](https://prng.di.unimi.it/), whose period is so long that the streams of
/// different threads and machines do not meet. Ids need to be unlike each other, not hard to guess.
#[derive(Debug)]
pub(crate) struct Ids {
    state: Cell<[u64; 4]>,
}

impl Ids {
    /// Seeded from the operating system, through the keys of the standard library's hash maps, and from what is this
    /// thread's alone.
    pub(crate) fn new() -> Self {
        let word = |n: u64| {
            let mut hasher = RandomState::new().build_hasher();
            hasher.write_u64(n);
            hasher.write_u64(super::clock::now());
            std::hash::Hash::hash(&std::thread::current().id(), &mut hasher);
            hasher.finish()
        };
        Self { state: Cell::new([word(0), word(1), word(2), word(3) | 1]) }
    }

    #[inline]
    fn next(&self) -> u64 {
        let [mut a, mut b, mut c, mut d] = self.state.get();
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let t = b << 17;
        c ^= a;
        d ^= b;
        b ^= c;
        a ^= d;
        c ^= t;
        d = d.rotate_left(45);
        self.state.set([a, b, c, d]);
        result
    }

    /// A span id, which is not zero.
    #[inline]
    pub(crate) fn span_id(&self) -> SpanId {
        loop {
            let id = SpanId::from(self.next());
            if id != SpanId::INVALID {
                return id;
            }
        }
    }

    /// A trace id, which is not zero.
    pub(crate) fn trace_id(&self) -> TraceId {
        loop {
            let id = TraceId::from(u128::from(self.next()) << 64 | u128::from(self.next()));
            if id != TraceId::INVALID {
                return id;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_many_threads_are_all_different() {
        // Miri takes its time.
        const IDS: usize = if cfg!(miri) { 20 } else { 1000 };
        let ids = || {
            let ids = Ids::new();
            (0..IDS).map(|_| ids.trace_id()).collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..8).map(|_| std::thread::spawn(ids)).collect();
        let all: std::collections::HashSet<_> =
            threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect();
        assert_eq!(all.len(), 8 * IDS);
    }

    #[test]
    fn every_bit_of_an_id_is_used() {
        let ids = Ids::new();
        let (mut ones, mut zeros) = (0, !0);
        for _ in 0..200 {
            let id = u128::from_be_bytes(ids.trace_id().to_bytes());
            ones |= id;
            zeros &= id;
        }
        assert_eq!((ones, zeros), (u128::MAX, 0));
    }
}
