//! Attributes of every type, as they are encoded.

use std::fmt::{self, Write as _};

use opentelemetry::{Array, KeyValue, Value};

use super::super::buffer::Buffer;
use super::super::clip::LONGEST;
use super::super::elements::Elements;
use super::super::key::{Front, SHORT_KEY};
use super::super::span::Cursor;
use super::super::{Key, ValueLimit, bytes_len, varint_len};
use super::{ARRAY, Attributes, BOOL, DOUBLE, INT, KEY, STRING, VALUE};

/// Up to this length a text takes the short way. Together with a short key and what is between them, less than 128 bytes.
const SHORT_TEXT: usize = 78;

impl Attributes {
    /// Whether `key`, which was admitted, is not too long to be kept; else its attribute is dropped. Asked where nothing is
    /// short: what takes the short way has a short key.
    fn keeps(&mut self, key: &Key<'_>) -> bool {
        let keeps = key.len() <= LONGEST;
        if !keeps {
            self.count -= 1;
            self.dropped += 1;
        }
        keeps
    }

    /// Writes an attribute up to its value, whose `AnyValue` takes `value_len` bytes. Gives the place for those.
    fn head(&mut self, key: &Key<'_>, value_len: usize) -> Cursor<'_> {
        let key_len = key.len();
        let len = bytes_len(key_len) + bytes_len(value_len);
        let mut out = Cursor { rest: self.bytes.claim(bytes_len(len)) };
        out.put(&[self.tag]);
        out.varint(len as u64);
        out.put(&[KEY]);
        out.varint(key_len as u64);
        key.put(&mut out);
        out.put(&[VALUE]);
        out.varint(value_len as u64);
        out
    }

    /// Writes an attribute whose key and value are so short that each length in it takes one byte, as nearly all are, or
    /// leaves it. `put` is given 80 bytes for the `AnyValue` and says how many of them it takes, at most 80.
    #[inline]
    fn short(&mut self, key: &Key<'_>, put: impl FnOnce(&mut [u8; 80]) -> usize) -> bool {
        const KEY_AT: usize = 4;
        if let Some(front) = key.front {
            let out = self.bytes.ahead::<{ Front::LEN + 80 }>();
            out[..Front::LEN].copy_from_slice(&front.bytes);
            let value_at = usize::from(front.value_at).min(Front::LEN);
            let Some(place) = out[value_at..].first_chunk_mut() else { return false };
            let value_len = put(place);
            out[0] = self.tag;
            out[1] = (value_at + value_len) as u8 - 2;
            out[value_at - 1] = value_len as u8;
            self.bytes.advance(value_at + value_len);
            return true;
        }
        let key_len = key.len();
        if key_len > SHORT_KEY {
            return false;
        }
        // One check for all that follows.
        let out = self.bytes.ahead::<{ KEY_AT + SHORT_KEY + 2 + 80 }>();
        key.put(&mut Cursor { rest: &mut out[KEY_AT..][..key_len] });
        let value_at = KEY_AT + key_len + 2;
        let Some(place) = out[value_at..].first_chunk_mut() else { return false };
        let value_len = put(place);
        out[..KEY_AT].copy_from_slice(&[self.tag, (key_len + value_len) as u8 + 4, KEY, key_len as u8]);
        out[value_at - 2..value_at].copy_from_slice(&[VALUE, value_len as u8]);
        self.bytes.advance(value_at + value_len);
        true
    }

    pub(crate) fn bool(&mut self, key: &Key<'_>, value: bool) {
        if self.admit(key)
            && !self.short(key, |out| {
                out[..2].copy_from_slice(&[BOOL, value.into()]);
                2
            })
            && self.keeps(key)
        {
            self.head(key, 2).put(&[BOOL, value.into()]);
        }
    }

    pub(crate) fn i64(&mut self, key: &Key<'_>, value: i64) {
        let value = value as u64;
        if self.admit(key)
            && !self.short(key, |out| {
                out[0] = INT;
                if let Ok(small @ ..0x80) = u8::try_from(value) {
                    out[1] = small;
                    return 2;
                }
                let len = 1 + varint_len(value);
                Cursor { rest: &mut out[1..len] }.varint(value);
                len
            })
            && self.keeps(key)
        {
            let mut out = self.head(key, 1 + varint_len(value));
            out.put(&[INT]);
            out.varint(value);
        }
    }

    pub(crate) fn f64(&mut self, key: &Key<'_>, value: f64) {
        let value = value.to_le_bytes();
        if self.admit(key)
            && !self.short(key, |out| {
                out[0] = DOUBLE;
                out[1..9].copy_from_slice(&value);
                9
            })
            && self.keeps(key)
        {
            let mut out = self.head(key, 9);
            out.put(&[DOUBLE]);
            out.put(&value);
        }
    }

    pub(crate) fn str(&mut self, key: &Key<'_>, value: &str) {
        if self.admit(key) {
            match self.rules.redactor {
                None => self.put_str(key, value),
                Some(_) => self.put_redacted(key, value),
            }
        }
    }

    #[inline]
    fn put_str(&mut self, key: &Key<'_>, value: &str) {
        let value = self.rules.limit.clip(value);
        let len = value.len();
        let short = len <= SHORT_TEXT
            && self.short(key, |out| {
                out[..2].copy_from_slice(&[STRING, len as u8]);
                Cursor { rest: &mut out[2..2 + len] }.put_short(value.as_bytes());
                2 + len
            });
        if !short {
            self.put_long_str(key, value);
        }
    }

    #[inline(never)]
    fn put_long_str(&mut self, key: &Key<'_>, value: &str) {
        if self.keeps(key) {
            self.head(key, bytes_len(value.len())).bytes(STRING, value.as_bytes());
        }
    }

    #[cold]
    fn put_redacted(&mut self, key: &Key<'_>, value: &str) {
        let redacted = self.rules.redacted(key, value);
        let value = redacted.as_deref().unwrap_or(value);
        self.put_long_str(key, self.rules.limit.clip(value));
    }

    /// The text is written in place, and moved when its length is known.
    pub(crate) fn format(&mut self, key: &Key<'_>, value: fmt::Arguments<'_>) {
        if !self.admit(key) || !self.keeps(key) {
            return;
        }
        if self.rules.redactor.is_some() {
            let mut text = String::new();
            let _ = text.write_fmt(value);
            return self.put_redacted(key, &text);
        }
        let start = self.bytes.len();
        let mut text = Clipped { out: &mut self.bytes, limit: self.rules.limit };
        // A Display that answers with an error leaves what it wrote before.
        let _ = text.write_fmt(value);
        let text_end = self.bytes.len();
        let len = text_end - start;
        self.move_behind_head(key, STRING, start, len);
    }

    /// An array; `elements` is given a place to encode them in.
    pub(crate) fn array(&mut self, key: &Key<'_>, elements: impl FnOnce(&mut Elements<'_>)) {
        if !self.admit(key) || !self.keeps(key) {
            return;
        }
        let start = self.bytes.len();
        let rules = self.rules;
        let end = start.saturating_add(rules.limit.array_bytes());
        let mut list = Elements::new(key, rules, end, &mut self.bytes);
        elements(&mut list);
        let len = self.bytes.len() - start;
        self.move_behind_head(key, ARRAY, start, len);
    }

    /// Writes the head of an attribute whose value's `len` bytes were written already, at `start`, and swaps the two.
    fn move_behind_head(&mut self, key: &Key<'_>, tag: u8, start: usize, len: usize) {
        let value_len = bytes_len(len);
        // All of the head but what follows it: the place of the value is the one that it has.
        let mut out = self.head(key, value_len);
        out.put(&[tag]);
        out.varint(len as u64);
        let unused = out.rest.len();
        debug_assert_eq!(unused, len);
        self.bytes.truncate(unused);
        self.bytes.from(start).rotate_left(len);
    }

    /// A value of OpenTelemetry's own type.
    pub(crate) fn otel(&mut self, key: &Key<'_>, value: &Value) {
        match value {
            Value::Bool(value) => self.bool(key, *value),
            Value::I64(value) => self.i64(key, *value),
            Value::F64(value) => self.f64(key, *value),
            Value::String(value) => self.str(key, value.as_str()),
            Value::Array(Array::Bool(values)) => self.array(key, |out| values.iter().for_each(|&v| out.bool(v))),
            Value::Array(Array::I64(values)) => self.array(key, |out| values.iter().for_each(|&v| out.i64(v))),
            Value::Array(Array::F64(values)) => self.array(key, |out| values.iter().for_each(|&v| out.f64(v))),
            Value::Array(Array::String(values)) => {
                self.array(key, |out| values.iter().for_each(|v| out.str(v.as_str())));
            }
            // Both types are non-exhaustive: what is yet to come is shown as text.
            other => self.format(key, format_args!("{other}")),
        }
    }

    pub(crate) fn key_values<'a>(&mut self, list: impl IntoIterator<Item = &'a KeyValue>) {
        for attribute in list {
            self.otel(&Key::new(attribute.key.as_str()), &attribute.value);
        }
    }
}

/// Appends text up to a limit.
struct Clipped<'a> {
    out: &'a mut Buffer,
    limit: ValueLimit,
}

impl fmt::Write for Clipped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.out.extend(self.limit.take(text).as_bytes());
        Ok(())
    }
}
