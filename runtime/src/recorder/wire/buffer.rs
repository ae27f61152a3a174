//! A buffer whose memory is initialised ahead of what is in it.

use std::ops::Range;

/// A buffer like a `Vec<u8>` that hands out the place for many bytes at once: filling it then needs no further check of the
/// capacity.
#[derive(Debug, Clone, Default)]
pub(crate) struct Buffer {
    /// Initialised as a whole; the contents end at `end`.
    bytes: Vec<u8>,
    end: usize,
}

impl Buffer {
    pub(crate) const fn new() -> Self {
        Self { bytes: Vec::new(), end: 0 }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.end
    }

    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    #[inline]
    pub(crate) fn clear(&mut self) {
        self.end = 0;
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.end]
    }

    #[inline]
    pub(crate) fn from(&mut self, start: usize) -> &mut [u8] {
        &mut self.bytes[start..self.end]
    }

    /// Gives the memory back if it is more than `keep` bytes.
    #[inline]
    pub(crate) fn shrink_to(&mut self, keep: usize) {
        if self.bytes.len() > keep {
            *self = Self::new();
        }
    }

    /// Takes `len` bytes off the end.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.end -= len;
    }

    /// Appends `len` bytes, which the caller fills.
    #[inline]
    pub(crate) fn claim(&mut self, len: usize) -> &mut [u8] {
        let start = self.end;
        let end = start + len;
        if end > self.bytes.len() {
            self.grow(end);
        }
        self.end = end;
        &mut self.bytes[start..end]
    }

    /// Makes `len` bytes, which the caller fills, of those in `old`; what stands behind them moves.
    pub(crate) fn replace(&mut self, old: Range<usize>, len: usize) -> &mut [u8] {
        let place = old.start..old.start + len;
        let end = place.end + (self.end - old.end);
        if end > self.bytes.len() {
            self.grow(end);
        }
        self.bytes.copy_within(old.end..self.end, place.end);
        self.end = end;
        &mut self.bytes[place]
    }

    /// The next `N` bytes behind the contents, as many of which the caller fills and [`advance`](Buffer::advance)s over
    /// as it likes.
    #[inline]
    pub(crate) fn ahead<const N: usize>(&mut self) -> &mut [u8; N] {
        if self.bytes.len() - self.end < N {
            self.grow(self.end + N);
        }
        self.bytes[self.end..].first_chunk_mut().unwrap_or_else(|| unreachable!("there are so many"))
    }

    /// Takes what was filled into the contents.
    #[inline]
    pub(crate) fn advance(&mut self, len: usize) {
        self.end = (self.end + len).min(self.bytes.len());
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, needed: usize) {
        self.bytes.resize(needed.next_power_of_two().max(256), 0);
    }

    #[inline]
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.claim(bytes.len()).copy_from_slice(bytes);
    }
}
