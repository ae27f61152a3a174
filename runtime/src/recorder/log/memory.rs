//! The memory that finished spans may take.

use std::sync::atomic;

use super::sync::{AtomicUsize, Mutex, Ordering};
use super::{FIRST_CHUNK, LARGEST_CHUNK};

/// How much memory is kept for reuse when it is free: fresh memory costs a page fault every 4 KiB, which is as much as the
/// sixteen spans on it.
const KEPT: usize = 8 * 1024 * 1024;

/// The memory that the finished spans of one pipeline may take: an account of chunks, and a few that are free.
#[derive(Debug)]
pub(crate) struct Memory {
    limit: usize,
    used: AtomicUsize,
    /// How many bytes of chunks were ever taken.
    grown: AtomicUsize,
    /// How many logs are being written. A hint, of which nothing depends that loom would have to look at.
    pub(super) logs: atomic::AtomicUsize,
    free: Mutex<Vec<Box<[u8]>>>,
}

impl Memory {
    pub(crate) fn new(limit: usize) -> Self {
        let (used, grown, logs) = (AtomicUsize::new(0), AtomicUsize::new(0), atomic::AtomicUsize::new(0));
        Self { limit, used, grown, logs, free: Mutex::new(Vec::new()) }
    }

    /// How many bytes the chunks take that are in use.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// How many bytes of chunks were ever taken: how much this is more than before is what was written meanwhile, however
    /// much of it is in use still.
    pub(crate) fn grown(&self) -> usize {
        self.grown.load(Ordering::Relaxed)
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// How large a chunk may be. Each log keeps one, however little is in it: all of them together leave most of the memory
    /// to what waits.
    pub(super) fn largest_chunk(&self) -> usize {
        let each = self.limit / 8 / self.logs.load(atomic::Ordering::Relaxed).max(1);
        // Chunks of equal sizes can be used again.
        each.checked_ilog2().map_or(0, |log| 1 << log).clamp(FIRST_CHUNK, LARGEST_CHUNK)
    }

    /// A chunk of `size` bytes, unless that would be beyond the limit.
    pub(super) fn take(&self, size: usize) -> Option<Box<[u8]>> {
        let before = self.used.fetch_add(size, Ordering::Relaxed);
        if before + size > self.limit {
            self.used.fetch_sub(size, Ordering::Relaxed);
            return None;
        }
        self.grown.fetch_add(size, Ordering::Relaxed);
        let mut free = self.free.lock();
        let kept = free.iter().position(|bytes| bytes.len() == size).map(|at| free.swap_remove(at));
        drop(free);
        Some(kept.unwrap_or_else(|| vec![0; size].into_boxed_slice()))
    }

    /// Gives a chunk back that [`take`](Memory::take) gave.
    pub(super) fn give_back(&self, size: usize, bytes: Option<Box<[u8]>>) {
        self.used.fetch_sub(size, Ordering::Relaxed);
        let Some(bytes) = bytes else { return };
        // Freed when the lock is.
        let mut gone = Vec::new();
        let mut free = self.free.lock();
        let mut kept: usize = free.iter().map(|bytes| bytes.len()).sum();
        // Rather this one than others of sizes that may not be asked for any more.
        while kept + size > KEPT {
            let Some(other) = free.iter().position(|bytes| bytes.len() != size) else { return };
            let other = free.swap_remove(other);
            kept -= other.len();
            gone.push(other);
        }
        free.push(bytes);
    }
}
