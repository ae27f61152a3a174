//! What one way out has still to take: each has its own reading end of every log, so that none waits for another.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::batch::{Batch, Size};
use super::log::Reader;

/// The finished spans that wait for one way out.
///
/// They wait in the logs, as long as there is memory. When it runs short, a way out that is well takes those of one that is
/// not out of the logs ([`relieve`](Lane::relieve)): up to its share they wait here, the rest is lost to it alone.
#[derive(Default)]
pub(super) struct Lane {
    state: Mutex<State>,
    /// How many spans were taken out of the logs, ever.
    taken: AtomicU64,
    /// How many of those found no place here, ever.
    crowded_out: AtomicU64,
}

#[derive(Default)]
struct State {
    readers: Vec<Reader>,
    /// In the order in which they are to leave. They lie where they were, so they count against the pipeline's memory.
    waiting: VecDeque<Batch>,
    size: Size,
    /// So many of them hold what was there at the last mark.
    owed: usize,
    /// Some found no place here since one has left.
    is_full: bool,
}

impl State {
    fn owed_in_logs(&self) -> usize {
        self.readers.iter().map(Reader::owed).sum()
    }
}

impl Lane {
    /// One more thread has a log.
    pub(super) fn add(&self, reader: Reader) {
        self.lock().readers.push(reader);
    }

    /// Fills `batch`, which is empty, with what has waited longest.
    pub(super) fn take(&self, mut batch: Batch, size: Size) -> Batch {
        let mut state = self.lock();
        if let Some(waiting) = state.waiting.pop_front() {
            state.size.bytes -= waiting.bytes();
            state.size.spans -= waiting.len();
            state.owed = state.owed.saturating_sub(1);
            state.is_full = false;
            return waiting;
        }
        self.fill(&mut state, &mut batch, size);
        batch
    }

    /// From here on [`owes`](Lane::owes) says whether any of the spans that wait now still does.
    pub(super) fn mark(&self) {
        let mut state = self.lock();
        state.owed = state.waiting.len();
        state.readers.iter_mut().for_each(Reader::mark);
    }

    pub(super) fn owes(&self) -> bool {
        let state = self.lock();
        state.owed > 0 || state.owed_in_logs() > 0
    }

    fn fill(&self, state: &mut State, batch: &mut Batch, size: Size) {
        batch.fill(&mut state.readers, size);
        // Those that will never have more are forgotten.
        state.readers.retain_mut(|reader| !reader.is_finished());
        self.taken.fetch_add(batch.len() as u64, Ordering::Relaxed);
    }

    /// Takes out of the logs what may be `left` there, in batches of `size`, for others who are in need of the memory. What
    /// is more than `share` is lost to this way out, the newest first.
    pub(super) fn relieve(&self, size: Size, share: Size, mut left: usize) {
        let mut state = self.lock();
        while left > 0 {
            let mut batch = Batch::default();
            let owed = state.owed_in_logs();
            self.fill(&mut state, &mut batch, size);
            let is_owed = state.owed_in_logs() < owed;
            if batch.len() == 0 {
                return;
            }
            left = left.saturating_sub(batch.bytes());
            let bytes = state.size.bytes + batch.bytes();
            // Nor what comes behind what was lost, though it be small: a span that stays keeps its whole chunk in memory, so
            // that one of each chunk would keep all of it from those who are in need.
            state.is_full |= bytes > share.bytes || state.size.spans + batch.len() > share.spans;
            if state.is_full {
                self.crowded_out.fetch_add(batch.len() as u64, Ordering::Relaxed);
                continue;
            }
            state.size.bytes = bytes;
            state.size.spans += batch.len();
            state.waiting.push_back(batch);
            if is_owed {
                state.owed = state.waiting.len();
            }
        }
    }

    /// How many spans were taken out of the logs, ever.
    pub(super) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// How many spans were lost for want of room, ever.
    pub(super) fn crowded_out(&self) -> u64 {
        self.crowded_out.load(Ordering::Relaxed)
    }

    /// How many spans wait here.
    pub(super) fn waiting(&self) -> usize {
        self.lock().size.spans
    }

    /// How many threads have a log.
    #[cfg(test)]
    pub(super) fn logs(&self) -> usize {
        self.lock().readers.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
