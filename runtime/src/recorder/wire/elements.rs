//! The elements of an array.

use super::attributes::{BOOL, DOUBLE, INT, STRING};
use super::buffer::Buffer;
use super::span::Cursor;
use super::{Key, ValueRules, bytes_len, kind, tag, varint_len};

/// `ArrayValue.values`
const ELEMENT: u8 = tag(1, kind::BYTES);

/// The elements of an array that is being encoded. Those beyond its limit are left out.
#[derive(Debug)]
pub(crate) struct Elements<'a> {
    key: &'a Key<'a>,
    rules: ValueRules,
    end: usize,
    out: &'a mut Buffer,
}

impl<'a> Elements<'a> {
    /// Elements of the array under `key`, appended to `out` up to its byte `end`.
    pub(super) fn new(key: &'a Key<'a>, rules: ValueRules, end: usize, out: &'a mut Buffer) -> Self {
        Self { key, rules, end, out }
    }

    fn element(&mut self, len: usize) -> Option<Cursor<'_>> {
        if self.out.len() + bytes_len(len) > self.end {
            // A shorter element behind one that did not fit must not take its place.
            self.end = 0;
            return None;
        }
        let mut out = Cursor { rest: self.out.claim(bytes_len(len)) };
        out.put(&[ELEMENT]);
        out.varint(len as u64);
        Some(out)
    }

    pub(crate) fn bool(&mut self, value: bool) {
        if let Some(mut out) = self.element(2) {
            out.put(&[BOOL, value.into()]);
        }
    }

    pub(crate) fn i64(&mut self, value: i64) {
        if let Some(mut out) = self.element(1 + varint_len(value as u64)) {
            out.put(&[INT]);
            out.varint(value as u64);
        }
    }

    pub(crate) fn f64(&mut self, value: f64) {
        if let Some(mut out) = self.element(9) {
            out.put(&[DOUBLE]);
            out.put(&value.to_le_bytes());
        }
    }

    pub(crate) fn str(&mut self, value: &str) {
        let redacted = self.rules.redacted(self.key, value);
        let value = self.rules.limit.clip(redacted.as_deref().unwrap_or(value));
        if let Some(mut out) = self.element(bytes_len(value.len())) {
            out.bytes(STRING, value.as_bytes());
        }
    }
}
