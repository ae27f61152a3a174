//! Protobuf's wire format, as far as OTLP's trace messages need it.
//!
//! Spans are encoded while they are written, so there is no tree of messages to walk: [`Attributes`] holds the bytes of a
//! list of key-values, [`span`] puts a span together, [`decode`](mod@decode) reads one back for exporters that want structures.
//! Field numbers are those of
//! [opentelemetry-proto 1.x](https://github.com/open-telemetry/opentelemetry-proto/tree/main/opentelemetry/proto).

mod attributes;
mod buffer;
mod clip;
pub(crate) mod decode;
mod elements;
mod key;
pub(crate) mod read;
mod ready;
mod rules;
pub(crate) mod span;

pub(crate) use attributes::Attributes;
pub(crate) use clip::ValueLimit;
#[cfg(feature = "warp")]
pub(crate) use key::OwnKey;
pub(crate) use key::{Key, Keys, KnownKey};
pub(crate) use ready::Ready;
pub(crate) use rules::{Redact, ValueRules};

/// How a field's value follows its tag.
pub(crate) mod kind {
    pub(crate) const VARINT: u8 = 0;
    pub(crate) const FIXED64: u8 = 1;
    pub(crate) const BYTES: u8 = 2;
    pub(crate) const FIXED32: u8 = 5;
}

/// The tag of a field whose number is below 16, which is one byte.
pub(crate) const fn tag(field: u8, kind: u8) -> u8 {
    assert!(field < 16);
    field << 3 | kind
}

/// How many bytes `value` takes as a varint.
#[inline]
pub(crate) const fn varint_len(value: u64) -> usize {
    // Seven bits a byte, and zero takes one as well. Nine 64ths are near enough to a seventh for up to 64 bits.
    let bits = 64 - (value | 1).leading_zeros() as usize;
    (bits * 9 + 64) / 64
}

/// How many bytes a length-delimited field takes behind its one-byte tag.
#[inline]
pub(crate) const fn bytes_len(len: usize) -> usize {
    1 + varint_len(len as u64) + len
}

/// Appends `value` as a varint.
#[inline]
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a length-delimited field.
#[inline]
pub(crate) fn put_bytes(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_varint_takes_as_many_bytes_as_it_says() {
        for shift in 0..64 {
            for value in [1u64 << shift, (1 << shift) - 1, (1 << shift) + 1] {
                let mut out = Vec::new();
                put_varint(&mut out, value);
                assert_eq!(out.len(), varint_len(value), "{value}");
                assert_eq!(read::Reader::new(&out).varint(), Some(value));
            }
        }
        assert_eq!(varint_len(u64::MAX), 10);
    }
}
