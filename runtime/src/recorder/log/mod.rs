//! The log of one thread: a chain of append-only chunks.
//!
//! ```text
//!   the thread                                                    the collector
//!   Writer ── append ──▶ [chunk]──next──▶[chunk]──next──▶[chunk] ◀── available/advance ── Reader
//!                         read, freed      read           committed | free
//! ```
//!
//! The thread writes an entry and then publishes the length; the collector reads up to it; neither waits for the other. A
//! chunk is freed, or kept for the next one who needs it, when both have left it. The writer's drop closes the log: its
//! reader then knows when it has read everything there will ever be.

pub(super) mod entry;
mod memory;
pub(super) mod sync;

pub(super) use memory::Memory;

use std::sync::atomic::Ordering::Relaxed;

use super::raw::{Appender, Region};
use sync::{Arc, AtomicBool, Mutex, Ordering};

/// The first chunk of a log: most threads of a program write little.
const FIRST_CHUNK: usize = 4 * 1024;
/// Each chunk is twice the last one, up to this or what there is for each log.
const LARGEST_CHUNK: usize = 128 * 1024;

/// One stretch of a log, and the one behind it.
struct Link {
    chunk: Arc<Chunk>,
    next: Mutex<Option<Arc<Link>>>,
    /// Nothing will ever be written behind this chunk.
    closed: AtomicBool,
}

/// One stretch of a log. Who holds it holds nothing of what was written later: a batch that waits must not.
pub(super) struct Chunk {
    region: Option<Arc<Region>>,
    memory: Arc<Memory>,
}

impl Link {
    fn new(size: usize, memory: &Arc<Memory>) -> Option<(Arc<Self>, Appender)> {
        let (chunk, appender) = Chunk::new(size, memory)?;
        let link = Self { chunk: Arc::new(chunk), next: Mutex::new(None), closed: AtomicBool::new(false) };
        Some((Arc::new(link), appender))
    }
}

impl Chunk {
    fn new(size: usize, memory: &Arc<Memory>) -> Option<(Self, Appender)> {
        let (region, appender) = Region::new(memory.take(size)?);
        Some((Self { region: Some(region), memory: Arc::clone(memory) }, appender))
    }

    /// What was committed, from `from` on.
    pub(super) fn read(&self, from: usize) -> &[u8] {
        self.region.as_ref().map_or(&[], |region| region.read(from))
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        let Some(region) = self.region.take() else { return };
        let size = region.capacity();
        // The writer drops its appender before its chunk, so this is the last reference.
        self.memory.give_back(size, Arc::try_unwrap(region).ok().map(Region::into_bytes));
    }
}

/// The end of a log that its thread holds.
pub(super) struct Writer {
    // In this order: the appender lets go of the region before the chunk gives the memory back.
    appender: Appender,
    link: Arc<Link>,
    next_size: usize,
}

/// The end of a log that a collector holds; each has a clone of its own.
#[derive(Clone)]
pub(super) struct Reader {
    link: Arc<Link>,
    at: usize,
    /// How much of what was there at the last [`mark`](Reader::mark) is not read.
    owed: usize,
}

/// Why an entry was not written: the memory for finished spans is used up.
#[derive(Debug)]
pub(super) struct Full;

/// A new log; `None` when there is no memory for one.
pub(super) fn log(memory: &Arc<Memory>) -> Option<(Writer, Reader)> {
    let (link, appender) = Link::new(FIRST_CHUNK, memory)?;
    memory.logs.fetch_add(1, Relaxed);
    let reader = Reader { link: Arc::clone(&link), at: 0, owed: 0 };
    Some((Writer { appender, link, next_size: 2 * FIRST_CHUNK }, reader))
}

impl Writer {
    /// Appends an entry of `len` bytes, which `write` fills. Says whether a new chunk was begun.
    #[inline]
    pub(super) fn append(&mut self, len: usize, write: impl FnOnce(&mut [u8])) -> Result<bool, Full> {
        let grow = !self.appender.fits(len);
        if grow {
            self.grow(len)?;
        }
        self.appender.append(len, write);
        Ok(grow)
    }

    #[cold]
    fn grow(&mut self, len: usize) -> Result<(), Full> {
        // Where memory is short a small chunk may still fit.
        let link = |size: usize| Some((size, Link::new(size.max(len), &self.link.chunk.memory)?));
        let size = self.next_size.min(self.link.chunk.memory.largest_chunk());
        let (size, (link, appender)) = link(size).or_else(|| link(FIRST_CHUNK)).ok_or(Full)?;
        self.next_size = (2 * size).min(LARGEST_CHUNK);
        self.appender = appender;
        let last = std::mem::replace(&mut self.link, Arc::clone(&link));
        *last.next.lock() = Some(link);
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.link.chunk.memory.logs.fetch_sub(1, Relaxed);
        self.link.closed.store(true, Ordering::Release);
    }
}

impl Reader {
    /// What can be read now; `None` when all was read. A chunk that was read to its end is left behind.
    pub(super) fn available(&mut self) -> Option<(&Arc<Chunk>, usize)> {
        loop {
            // First the link: once it is there, the chunk's length is final.
            let next = self.link.next.lock().clone();
            if !self.link.chunk.read(self.at).is_empty() {
                return Some((&self.link.chunk, self.at));
            }
            self.link = next?;
            self.at = 0;
        }
    }

    /// Marks `len` bytes as read.
    pub(super) fn advance(&mut self, len: usize) {
        self.at += len;
        self.owed = self.owed.saturating_sub(len);
    }

    /// From here on [`owed`](Reader::owed) says how much of what is there now is not read.
    pub(super) fn mark(&mut self) {
        let (mut link, mut at) = (Arc::clone(&self.link), self.at);
        self.owed = 0;
        loop {
            // First the link, as in `available`.
            let next = link.next.lock().clone();
            self.owed += link.chunk.read(at).len();
            let Some(next) = next else { return };
            (link, at) = (next, 0);
        }
    }

    pub(super) fn owed(&self) -> usize {
        self.owed
    }

    /// Whether everything was read that will ever be written.
    pub(super) fn is_finished(&mut self) -> bool {
        // First whether it is closed: nothing is written after that.
        let closed = self.link.closed.load(Ordering::Acquire);
        closed && self.available().is_none()
    }
}

#[cfg(test)]
mod tests;
