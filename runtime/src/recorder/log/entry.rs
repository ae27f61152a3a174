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
    /// Spans of one trace can be found together without decoding them. It is not written twice: the span starts with it.
    pub(crate) trace_id: [u8; 16],
}

impl Header {
    pub(crate) const LEN: usize = 12;
    /// The span's status is an error. (OTLP leaves the upper bits of `Span.flags` to the future; this one stays in the log.)
    pub(crate) const ERROR: u32 = 1 << 31;

    /// The header that `entry` starts with, which must have been written by [`Entry::write`].
    pub(crate) fn read(entry: &[u8]) -> Option<Self> {
        let (header, span) = entry.split_first_chunk::<{ Self::LEN }>()?;
        let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        Some(Self {
            len: word(0),
            scope: ScopeId(word(4)),
            flags: word(8),
            trace_id: trace_id(span).unwrap_or_default(),
        })
    }
}

/// Behind the tag and the length of the span, and the tag and the length of the id.
fn trace_id(span: &[u8]) -> Option<[u8; 16]> {
    let length = span.get(1..)?;
    let id = length.iter().position(|byte| *byte < 0x80)? + 3;
    length.get(id..)?.first_chunk().copied()
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
        header[..4].copy_from_slice(&(self.field_len() as u32).to_le_bytes());
        header[4..8].copy_from_slice(&self.scope.0.to_le_bytes());
        header[8..].copy_from_slice(&(self.flags | error).to_le_bytes());
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

#[cfg(test)]
mod tests {
    use opentelemetry::InstrumentationScope;

    use super::super::super::wire::Attributes;
    use super::super::super::wire::span::Head;
    use super::*;

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let scope = ScopeId::of(InstrumentationScope::builder("entry.rs").build());
        // The length of the span takes one byte, two and three.
        for name in [1, 100, 20_000].map(|len| "n".repeat(len)) {
            let (trace_id, span_id) = ([7; 16], [8; 8]);
            let head = Head { trace_id, span_id, parent_span_id: [9; 8], flags: 0x101, kind: 1, start: 1, name: &name };
            let mut list = Attributes::of_span();
            list.begin(&head);
            let bytes = list.finish_with_head();
            let entry = Entry::new(Parts { bytes, end: 2, rest: None }, scope, 0x101);
            let mut out = vec![0; entry.len()];
            entry.write(&mut out);
            let len = (out.len() - Header::LEN) as u32;
            assert_eq!(Header::read(&out), Some(Header { len, scope, flags: 0x101, trace_id }));
        }
    }
}
