//! How long a string value may be.

/// How long a string value may be. What is longer is cut at the end of a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ValueLimit {
    bytes: usize,
    chars: usize,
}

impl Default for ValueLimit {
    /// 64 KiB: a span in the making must not hold on to any amount of memory.
    fn default() -> Self {
        Self { bytes: LONGEST, chars: usize::MAX }
    }
}

/// How many bytes a value takes at most where nothing is set, and a key in any case.
pub(super) const LONGEST: usize = 64 * 1024;

impl ValueLimit {
    /// Any length.
    pub(crate) const UNLIMITED: Self = Self { bytes: usize::MAX, chars: usize::MAX };

    /// At most `chars` characters, as the
    /// [specification](https://opentelemetry.io/docs/specs/otel/common/#attribute-limits) counts them.
    pub(crate) fn chars(chars: usize) -> Self {
        Self { bytes: usize::MAX, chars }
    }

    /// As much of `text` as is allowed.
    #[inline]
    pub(crate) fn clip(self, text: &str) -> &str {
        // No text has more characters than bytes.
        if text.len() <= self.bytes && text.len() <= self.chars { text } else { self.clip_long(text) }
    }

    #[cold]
    fn clip_long(mut self, text: &str) -> &str {
        self.take(text)
    }

    /// As much of `text` as is allowed; the rest of the allowance is left in `self`.
    pub(crate) fn take<'t>(&mut self, text: &'t str) -> &'t str {
        let mut end = text.floor_char_boundary(self.bytes.min(text.len()));
        if self.chars != usize::MAX {
            let mut left = self.chars;
            let within = text[..end].char_indices().find(|_| {
                let full = left == 0;
                left = left.saturating_sub(1);
                full
            });
            end = within.map_or(end, |(at, _)| at);
            self.chars = left;
        }
        // A character that did not fit closes the value: a shorter one behind it must not slip in.
        self.bytes = if end < text.len() { 0 } else { self.bytes.saturating_sub(end) };
        &text[..end]
    }

    /// How many bytes the elements of an array may take. A limit of the characters of each text says nothing of how many
    /// elements there are: one text as long as is allowed has room, and 64 KiB besides.
    pub(crate) fn array_bytes(self) -> usize {
        if self.chars == usize::MAX { self.bytes } else { self.chars.saturating_mul(4).saturating_add(LONGEST) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_counted_and_never_cut_through() {
        assert_eq!(ValueLimit::chars(3).clip("aβ🦀d"), "aβ🦀");
        assert_eq!(ValueLimit::chars(0).clip("a"), "");
        assert_eq!(ValueLimit::chars(4).clip("aβ🦀d"), "aβ🦀d");
        let limit = ValueLimit { bytes: 4, chars: usize::MAX };
        assert_eq!(limit.clip("aβ🦀d"), "aβ");
        assert_eq!(limit.clip("abcd"), "abcd");
    }

    #[test]
    fn pieces_share_one_allowance() {
        let mut limit = ValueLimit::chars(3);
        assert_eq!([limit.take("aβ"), limit.take("🦀d"), limit.take("e")], ["aβ", "🦀", ""]);
        let mut limit = ValueLimit { bytes: 4, chars: usize::MAX };
        assert_eq!([limit.take("ab"), limit.take("🦀"), limit.take("e")], ["ab", "", ""]);
    }
}
