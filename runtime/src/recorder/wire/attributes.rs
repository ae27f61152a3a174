//! A list of attributes, as the bytes that it has on the wire.

use std::fmt::{self, Write as _};

use opentelemetry::{Array, KeyValue, Value};

use super::buffer::Buffer;
use super::elements::Elements;
use super::key::{Front, KeyBits, SHORT_KEY};
use super::read::Reader;
use super::span::{Cursor, Head};
use super::{Key, ValueLimit, ValueRules, bytes_len, kind, tag, varint_len};

/// `KeyValue.key`, `KeyValue.value` and the cases of `AnyValue`.
pub(super) const KEY: u8 = tag(1, kind::BYTES);
pub(super) const VALUE: u8 = tag(2, kind::BYTES);
pub(super) const STRING: u8 = tag(1, kind::BYTES);
pub(super) const BOOL: u8 = tag(2, kind::VARINT);
pub(super) const INT: u8 = tag(3, kind::VARINT);
pub(super) const DOUBLE: u8 = tag(4, kind::FIXED64);
const ARRAY: u8 = tag(5, kind::BYTES);

/// Up to this length a text takes the short way. Together with a short key and what is between them, less than 128 bytes.
const SHORT_TEXT: usize = 78;

/// A list of attributes, as the bytes that it has on the wire.
#[derive(Debug, Clone)]
pub(crate) struct Attributes {
    bytes: Buffer,
    /// Where the list starts: before it there may be the head of its span, so that both are copied in one go.
    start: usize,
    /// What stands before each attribute: the tag of the list's field in its message.
    pub(super) tag: u8,
    pub(super) rules: ValueRules,
    max: u32,
    count: u32,
    dropped: u32,
    keys: KeyBits,
    /// Whether a key may be there twice.
    repeats: bool,
}

impl Attributes {
    pub(crate) const fn new(tag: u8) -> Self {
        let rules = ValueRules { limit: ValueLimit::UNLIMITED, redactor: None };
        Self {
            bytes: Buffer::new(),
            start: 0,
            tag,
            rules,
            max: u32::MAX,
            count: 0,
            dropped: 0,
            keys: KeyBits(0),
            repeats: false,
        }
    }

    /// An empty list for attributes of a span, without limits.
    pub(crate) const fn of_span() -> Self {
        Self::new(super::span::ATTRIBUTES)
    }

    /// An empty list in the same memory.
    #[inline]
    pub(crate) fn reset(&mut self, tag: u8, max: u32, rules: ValueRules) {
        self.clear();
        self.tag = tag;
        self.rules = rules;
        self.max = max;
    }

    /// Empties the list; its limits stay.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.start = 0;
        self.count = 0;
        self.dropped = 0;
        self.keys = KeyBits(0);
        self.repeats = false;
    }

    /// Gives memory beyond `keep` bytes back.
    #[inline]
    pub(crate) fn shrink_to(&mut self, keep: usize) {
        self.bytes.shrink_to(keep);
    }

    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Whether no attribute was written, not even one that was dropped.
    #[inline]
    pub(crate) fn is_untouched(&self) -> bool {
        self.keys.0 == 0
    }

    #[inline]
    pub(crate) fn dropped(&self) -> u32 {
        self.dropped
    }

    /// Puts `head` before the list, which is empty.
    #[inline]
    pub(crate) fn begin(&mut self, head: &Head<'_>) {
        head.put(&mut self.bytes);
        self.start = self.bytes.len();
    }

    /// The bytes, in which no key is twice.
    #[inline]
    pub(crate) fn finish(&mut self) -> &[u8] {
        let (bytes, start) = self.finish_with_head();
        &bytes[start..]
    }

    /// The bytes, in which no key is twice, behind those of the head; and where they start.
    #[inline]
    pub(crate) fn finish_with_head(&mut self) -> (&[u8], usize) {
        if self.repeats {
            self.compact();
        }
        (self.bytes.as_slice(), self.start)
    }

    fn list(&self) -> &[u8] {
        &self.bytes.as_slice()[self.start..]
    }

    /// Whether there is room for an attribute; counts it in either case.
    #[inline]
    fn admit(&mut self, key: &Key<'_>) -> bool {
        let (bit, seen) = key.bits();
        if self.keys.0 & seen != 0 {
            self.look_for_repeat(key);
        }
        self.keys.0 |= bit;
        if self.count >= self.max {
            return self.admit_beyond(key);
        }
        self.count += 1;
        true
    }

    /// Two keys may share a bit.
    #[cold]
    fn look_for_repeat(&mut self, key: &Key<'_>) {
        self.repeats = self.repeats || self.contains(key);
    }

    /// At the limit, a key that is already there may still be overwritten.
    #[cold]
    fn admit_beyond(&mut self, key: &Key<'_>) -> bool {
        if self.repeats {
            self.compact();
        }
        if self.count >= self.max && !self.contains(key) {
            self.dropped += 1;
            return false;
        }
        self.repeats = true;
        self.count += 1;
        true
    }

    /// Whether a key of these attributes may be in the list. In a short one it is looked for: to find at the end that none
    /// was there twice costs more.
    #[cold]
    fn may_have_one_of(&self, bytes: &[u8]) -> bool {
        const SHORT: u32 = 32;
        self.count > SHORT
            || Parts(Reader::new(bytes)).any(|new| Parts(Reader::new(self.list())).any(|part| part.key == new.key))
    }

    /// Whether `key` is in the list.
    fn contains(&self, key: &Key<'_>) -> bool {
        Parts(Reader::new(self.list())).any(|part| key.is(part.key))
    }

    /// Of the attributes with one key, keeps the last value in the first one's place.
    fn compact(&mut self) {
        self.repeats = false;
        let mut parts = Vec::with_capacity(self.count as usize);
        parts.extend(Parts(Reader::new(self.list())));
        // Keys that are different may share a bit: mostly there is nothing to do.
        let is_repeated =
            |at: usize, part: &Part<'_>| parts[..at].iter().any(|earlier: &Part<'_>| earlier.key == part.key);
        if !parts.iter().enumerate().any(|(at, part)| is_repeated(at, part)) {
            return;
        }
        let mut out = Buffer::new();
        out.extend(&self.bytes.as_slice()[..self.start]);
        let mut count = 0;
        for (at, part) in parts.iter().enumerate() {
            if !is_repeated(at, part) {
                let last = parts[at..].iter().rfind(|later| later.key == part.key).unwrap_or(part);
                out.extend(last.whole);
                count += 1;
            }
        }
        self.bytes = out;
        self.count = count;
    }

    /// Adds the attributes of `other`, which was written with the same tag and limits of values.
    pub(crate) fn append(&mut self, other: &Attributes) {
        debug_assert_eq!(self.tag, other.tag);
        self.dropped += other.dropped;
        self.append_encoded(other.list(), other.count, other.keys, other.repeats);
    }

    /// Adds `count` attributes that are encoded already.
    pub(crate) fn append_encoded(&mut self, bytes: &[u8], count: u32, keys: KeyBits, repeats: bool) {
        if self.count + count <= self.max {
            self.repeats |= repeats || (self.keys.0 & keys.0 != 0 && self.may_have_one_of(bytes));
            self.keys.0 |= keys.0;
            self.count += count;
            self.bytes.extend(bytes);
            return;
        }
        for part in Parts(Reader::new(bytes)) {
            let key = std::str::from_utf8(part.key).unwrap_or_default();
            if self.admit(&Key::new(key)) {
                self.bytes.extend(part.whole);
            }
        }
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
        self.head(key, bytes_len(value.len())).bytes(STRING, value.as_bytes());
    }

    #[cold]
    fn put_redacted(&mut self, key: &Key<'_>, value: &str) {
        let redacted = self.rules.redacted(key, value);
        let value = redacted.as_deref().unwrap_or(value);
        self.put_long_str(key, self.rules.limit.clip(value));
    }

    /// The text is written in place, and moved when its length is known.
    pub(crate) fn format(&mut self, key: &Key<'_>, value: fmt::Arguments<'_>) {
        if !self.admit(key) {
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
        if !self.admit(key) {
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

/// One attribute among encoded ones.
struct Part<'a> {
    key: &'a [u8],
    whole: &'a [u8],
}

/// The attributes of an encoded list.
struct Parts<'a>(Reader<'a>);

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let before = self.0.rest();
        let (_, attribute) = self.0.field()?;
        let whole = &before[..before.len() - self.0.rest().len()];
        let (_, key) = Reader::new(attribute.bytes()).field()?;
        Some(Part { key: key.bytes(), whole })
    }
}
