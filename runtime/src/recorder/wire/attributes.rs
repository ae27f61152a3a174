//! A list of attributes, as the bytes that it has on the wire.

mod values;

use super::buffer::Buffer;
use super::key::KeyBits;
use super::read::Reader;
use super::span::{self, Head};
use super::{Key, ValueLimit, ValueRules, kind, tag};

/// `KeyValue.key`, `KeyValue.value` and the cases of `AnyValue`.
pub(super) const KEY: u8 = tag(1, kind::BYTES);
pub(super) const VALUE: u8 = tag(2, kind::BYTES);
pub(super) const STRING: u8 = tag(1, kind::BYTES);
pub(super) const BOOL: u8 = tag(2, kind::VARINT);
pub(super) const INT: u8 = tag(3, kind::VARINT);
pub(super) const DOUBLE: u8 = tag(4, kind::FIXED64);
pub(super) const ARRAY: u8 = tag(5, kind::BYTES);

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

    /// Gives the span whose head stands before the list another name, which consists of `parts`.
    pub(crate) fn rename(&mut self, parts: &[&str]) {
        self.start = span::rename(&mut self.bytes, self.start, parts);
    }

    /// The bytes, in which no key is twice.
    #[inline]
    pub(crate) fn finish(&mut self) -> &[u8] {
        let start = self.start;
        &self.finish_with_head()[start..]
    }

    /// The bytes, in which no key is twice, behind those of the head.
    #[inline]
    pub(crate) fn finish_with_head(&mut self) -> &[u8] {
        if self.repeats {
            self.compact();
        }
        self.bytes.as_slice()
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
