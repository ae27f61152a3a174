//! Attribute keys.

use std::fmt;

use super::attributes::{KEY, VALUE};
use super::span::{ATTRIBUTES, Cursor};

/// A key in two parts, so that a prefix costs no allocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key<'k> {
    pub(crate) prefix: &'k str,
    pub(crate) name: &'k str,
    /// Both as they go to the wire, where that is known beforehand.
    pub(super) front: Option<&'k Front>,
}

/// How long a key may be for an attribute to take the short way.
pub(super) const SHORT_KEY: usize = 32;

/// All of a short attribute that stands before its value, but for two lengths.
#[derive(Debug, Clone)]
pub(super) struct Front {
    /// Of a fixed size, since that many bytes are copied at once, and the surplus overwritten.
    pub(super) bytes: [u8; Self::LEN],
    pub(super) value_at: u8,
    pub(super) bit: u64,
    /// The bit if the key may be there already.
    pub(super) seen: u64,
}

impl Front {
    pub(super) const LEN: usize = 40;
}

/// The keys of a call site, of which it gives the values in this order.
#[derive(Debug)]
pub(crate) struct Keys(Box<[SiteKey]>);

// As of what holds them: nothing that is written is to lie beside them.
#[derive(Debug)]
#[repr(align(64))]
struct SiteKey {
    name: &'static str,
    front: Option<Front>,
}

impl Keys {
    /// Those of `text`, each of which stands behind a byte that tells its length.
    pub(crate) fn of(text: &'static str) -> Self {
        let mut keys: Vec<SiteKey> = Vec::new();
        let mut rest = text;
        while let Some(&length) = rest.as_bytes().first() {
            let Some((name, behind)) = rest[1..].split_at_checked(usize::from(length)) else { break };
            rest = behind;
            let is_new = keys.iter().all(|earlier| earlier.name != name);
            keys.push(SiteKey { name, front: Front::of(name, is_new) });
        }
        Self(keys.into())
    }

    /// The keys, to be written to a list that is empty.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = Key<'_>> {
        self.0.iter().map(|key| Key { prefix: "", name: key.name, front: key.front.as_ref() })
    }
}

/// A key that is encoded ahead, for lists that may hold it already.
#[derive(Debug)]
pub(crate) struct KnownKey {
    name: &'static str,
    front: Front,
}

impl KnownKey {
    /// The key `name`, of at most 32 bytes.
    pub(crate) const fn new(name: &'static str) -> Self {
        match Front::of(name, false) {
            Some(front) => Self { name, front },
            None => panic!("the key is too long to be encoded ahead"),
        }
    }

    #[inline]
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    #[inline]
    pub(crate) const fn key(&self) -> Key<'_> {
        Key { prefix: "", name: self.name, front: Some(&self.front) }
    }
}

/// A key that is known only when the program runs, and then encoded once.
#[cfg(feature = "warp")]
#[derive(Debug, Clone)]
pub(crate) struct OwnKey {
    name: Box<str>,
    front: Option<Front>,
}

#[cfg(feature = "warp")]
impl OwnKey {
    pub(crate) fn new(name: String) -> Self {
        Self { front: Front::of(&name, false), name: name.into() }
    }

    #[inline]
    pub(crate) fn key(&self) -> Key<'_> {
        Key { prefix: "", name: &self.name, front: self.front.as_ref() }
    }
}

/// One bit for each key that was written, by a hash: a bit that is free says that a key is new.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct KeyBits(pub(super) u64);

impl Front {
    /// That of an attribute of a span; `None` if the key is too long for it.
    const fn of(name: &str, is_new: bool) -> Option<Self> {
        let name = name.as_bytes();
        let len = name.len();
        if len > SHORT_KEY {
            return None;
        }
        let mut bytes = [0; Self::LEN];
        (bytes[0], bytes[2], bytes[3]) = (ATTRIBUTES, KEY, len as u8);
        // No loop over ranges nor a copy of slices is to be had in what is computed by the compiler.
        let mut at = 0;
        while at < len {
            bytes[4 + at] = name[at];
            at += 1;
        }
        bytes[4 + len] = VALUE;
        let bit = match name {
            [] => bit_of(0, 0, 0),
            [first, ..] => bit_of(len, *first, name[len - 1]),
        };
        Some(Self { bytes, value_at: len as u8 + 6, bit, seen: if is_new { 0 } else { bit } })
    }
}

/// The bit of a key of that length, with that first and last byte. The factors are such that of the conventions' keys those
/// that stand on one span have a bit each.
#[inline]
const fn bit_of(len: usize, first: u8, last: u8) -> u64 {
    let hash = len.wrapping_mul(5) ^ (first as usize).wrapping_mul(37) ^ (last as usize).wrapping_mul(45);
    1 << (hash & 63)
}

impl<'k> Key<'k> {
    pub(crate) const fn new(name: &'k str) -> Self {
        Self::prefixed("", name)
    }

    #[inline]
    pub(crate) const fn prefixed(prefix: &'k str, name: &'k str) -> Self {
        Self { prefix, name, front: None }
    }

    /// The bit, and the one to look for among those that are there.
    #[inline]
    pub(super) fn bits(&self) -> (u64, u64) {
        match self.front {
            Some(front) => (front.bit, front.seen),
            None => {
                let bit = self.bit();
                (bit, bit)
            }
        }
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
    fn bit(&self) -> u64 {
        let (first, last) = match (self.prefix.as_bytes(), self.name.as_bytes()) {
            ([], [first, .., last]) => (first, last),
            (prefix, name) => {
                (prefix.first().or(name.first()).unwrap_or(&0), name.last().or(prefix.last()).unwrap_or(&0))
            }
        };
        bit_of(self.len(), *first, *last)
    }
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.prefix, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Attributes, decode};
    use super::*;

    #[test]
    fn keys_that_are_encoded_ahead_are_written_like_any_others() {
        // The last one is too long for it, and `twice` is there twice: its last value takes the first one's place.
        let keys = Keys::of("\x01a\x05twice\x00\x05twice\x21a.key.that.has.as.many.as.33.bytes");
        let (mut ahead, mut plain) = (Attributes::of_span(), Attributes::of_span());
        for (value, key) in (0_i64..).map(|value| value << (value * 12)).zip(keys.iter()) {
            ahead.i64(&key, value);
            plain.i64(&Key::new(key.name), value);
        }
        assert_eq!(ahead.finish(), plain.finish());
        assert_eq!(decode::attributes(ahead.finish()).count(), 4);
    }

    #[test]
    fn keys_that_stand_on_one_span_have_a_bit_each() {
        let http = "http.request.method url.path url.scheme url.query server.address server.port client.address \
             network.peer.address network.peer.port network.protocol.version user_agent.original correlation.id http.route \
             http.response.status_code error.type traced.cancelled";
        let database = "db.system.name db.namespace server.address server.port db.query.summary db.operation.name \
             db.collection.name db.query.text db.response.returned_rows db.response.status_code error.type \
             traced.cancelled";
        for keys in [http, database] {
            let keys: Vec<&str> = keys.split_whitespace().collect();
            let bits = keys.iter().fold(0_u64, |bits, key| bits | Key::new(key).bit());
            assert_eq!(bits.count_ones() as usize, keys.len());
        }
    }
}
