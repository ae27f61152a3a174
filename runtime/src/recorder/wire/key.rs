//! Attribute keys.

use std::fmt;

use super::span::Cursor;

/// A key in two parts, so that a prefix costs no allocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key<'k> {
    pub(crate) prefix: &'k str,
    pub(crate) name: &'k str,
}

/// One bit for each key that was written, by a hash: a bit that is free says that a key is new.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct KeyBits(pub(super) u64);

impl<'k> Key<'k> {
    pub(crate) const fn new(name: &'k str) -> Self {
        Self { prefix: "", name }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.prefix.len() + self.name.len()
    }

    #[inline]
    pub(super) fn put(&self, out: &mut Cursor<'_>) {
        if !self.prefix.is_empty() {
            out.put_short(self.prefix.as_bytes());
        }
        out.put_short(self.name.as_bytes());
    }

    /// Whether its bytes are `bytes`.
    pub(super) fn is(&self, bytes: &[u8]) -> bool {
        bytes.strip_prefix(self.prefix.as_bytes()) == Some(self.name.as_bytes())
    }

    /// Cheap, and the same however the key is cut in two.
    #[inline]
    pub(super) fn bit(&self) -> u64 {
        let (first, last) = match (self.prefix.as_bytes(), self.name.as_bytes()) {
            ([], [first, .., last]) => (first, last),
            (prefix, name) => {
                (prefix.first().or(name.first()).unwrap_or(&0), name.last().or(prefix.last()).unwrap_or(&0))
            }
        };
        let hash =
            self.len().wrapping_mul(23) ^ usize::from(*first).wrapping_mul(5) ^ usize::from(*last).wrapping_mul(11);
        1 << (hash & 63)
    }
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.prefix, self.name)
    }
}
