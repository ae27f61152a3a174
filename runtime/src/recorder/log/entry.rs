//! One finished span in a log: a small header, then the span as it goes to the wire.

use super::super::scope::ScopeId;
use super::super::wire::span::{Cursor, Parts, SPAN};
use super::super::wire::varint_len;

/// What stands before each span in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// How many bytes follow.
    pub(crate) len: u32,
    pub(crate) scope: ScopeId,
    /// `Span.flags`; [`ERROR`](Header::ERROR) is added.
    pub(crate) flags: u32,
    /// Spans of one trace can be found together without decoding them.
    pub(crate) trace_id: [u8; 16],
}

impl Header {
    pub(crate) const LEN: usize = 28;
    /// The span's status is an error. (OTLP leaves the upper bits of `Span.flags` to the future; this one stays in the log.)
    pub(crate) const ERROR: u32 = 1 << 31;

    #[inline]
    fn write(self, out: &mut [u8; Self::LEN]) {
        out[..4].copy_from_slice(&self.len.to_le_bytes());
        out[4..8].copy_from_slice(&self.scope.0.to_le_bytes());
        out[8..12].copy_from_slice(&self.flags.to_le_bytes());
        out[12..].copy_from_slice(&self.trace_id);
    }

    /// The header that `entry` starts with, which must have been written by [`Entry::write`].
    pub(crate) fn read(entry: &[u8]) -> Option<Self> {
        let (header, _) = entry.split_first_chunk::<{ Self::LEN }>()?;
        let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let mut trace_id = [0; 16];
        trace_id.copy_from_slice(&header[12..]);
        Some(Self { len: word(0), scope: ScopeId(word(4)), flags: word(8), trace_id })
    }
}

/// A finished span on its way into a log.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    span: Parts<'a>,
    scope: ScopeId,
    flags: u32,
    span_len: usize,
}

impl<'a> Entry<'a> {
    #[inline]
    pub(crate) fn new(span: Parts<'a>, scope: ScopeId, flags: u32) -> Self {
        let span_len = span.len();
        Self { span, scope, flags, span_len }
    }

    #[inline]
    fn field_len(&self) -> usize {
        1 + varint_len(self.span_len as u64) + self.span_len
    }

    /// How many bytes the entry takes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        Header::LEN + self.field_len()
    }

    /// Writes the entry over the whole of `out`.
    #[inline]
    pub(crate) fn write(&self, out: &mut [u8]) {
        let Some((header, out)) = out.split_first_chunk_mut::<{ Header::LEN }>() else { return };
        let error = if self.span.is_error() { Header::ERROR } else { 0 };
        Header {
            len: self.field_len() as u32,
            scope: self.scope,
            flags: self.flags | error,
            trace_id: self.span.trace_id(),
        }
        .write(header);
        let mut out = Cursor { rest: out };
        let len = self.span_len;
        // Nearly every span takes so many bytes that their number takes two.
        if let 0x80..0x4000 = len
            && let Some(out) = out.take()
        {
            *out = [SPAN, len as u8 | 0x80, (len >> 7) as u8];
        } else {
            out.put(&[SPAN]);
            out.varint(len as u64);
        }
        self.span.write(out.rest);
    }
}
