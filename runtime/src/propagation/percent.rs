//! Percent escapes.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::ids::loose_hex;

/// Percent escapes resolved; what is none stays as it is, and what is no UTF-8 then becomes U+FFFD.
pub(super) fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let escaped = rest.get(at + 1..at + 3).and_then(|digits| u8::try_from(loose_hex(digits, 2)?).ok());
        let length = if escaped.is_some() { 3 } else { 1 };
        bytes.push(escaped.unwrap_or(b'%'));
        rest = &rest[at + length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// `text` with an escape for every byte that is not to be `kept`.
pub(super) fn encoded(text: &str, kept: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if kept(byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::{decoded, encoded};

    #[test]
    fn escapes_are_resolved_and_what_is_none_stays() {
        let cases = [
            ("plain", "plain"),
            ("ada%20l%C3%A9", "ada lé"),
            ("%e2%82%AC", "€"),
            ("100%", "100%"),
            ("%%41%4", "%A%4"),
            ("%zz%+1%é", "%zz%+1%é"),
            ("%C3x", "\u{fffd}x"),
        ];
        for (text, expected) in cases {
            assert_eq!(decoded(text), expected, "{text}");
        }
    }

    #[test]
    fn what_was_escaped_is_read_as_it_was() {
        for text in ["", "a b", "50%41", "lé, €;=\"\\"] {
            assert_eq!(decoded(&encoded(text, |byte| byte.is_ascii_alphanumeric())), text);
        }
    }
}
