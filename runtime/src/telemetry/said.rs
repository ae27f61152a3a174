//! What exporters of others say of their failures, as it may be shown.

use std::fmt::Display;

/// So many characters of it are shown.
const SHOWN: usize = 500;

/// `error` as it may be shown: on one line, not too long, and of the URLs in it neither user nor password, query or
/// fragment.
pub(crate) fn said(error: &impl Display) -> String {
    let text = error.to_string();
    let mut shown = String::new();
    for word in text.split_inclusive(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '`')) {
        let mut parts = word.split("://");
        shown.extend(parts.next());
        for part in parts {
            shown.push_str("://");
            let authority = &part[..part.find(['/', '?', '#']).unwrap_or(part.len())];
            let at = authority.rfind('@').or_else(|| part.rfind('@').filter(|_| !is_host(authority)));
            let part = at.map_or(part, |at| &part[at + 1..]);
            let query = part.find(['?', '#']);
            shown.push_str(&part[..query.unwrap_or(part.len())]);
            if query.is_some() {
                // What follows belongs to it, up to where the sentence goes on.
                shown.push_str(&word[word.trim_end_matches(goes_on).len()..]);
                break;
            }
        }
    }
    let mut short: String = shown.chars().take(SHOWN).flat_map(escaped).collect();
    if shown.chars().nth(SHOWN).is_some() {
        short.push('…');
    }
    short
}

/// Whether this may be a host with its port, and is not a user with the beginning of a password that was written as it is.
fn is_host(authority: &str) -> bool {
    let port = authority.rsplit_once(':').map_or("", |(_, port)| port);
    port.ends_with(']') || port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a sentence goes on with this, behind a URL.
fn goes_on(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '<' | '>' | '`' | '\'' | ')' | ']' | '}' | ',' | ';' | ':' | '.')
}

fn escaped(c: char) -> impl Iterator<Item = char> {
    let control = c.is_control().then(|| c.escape_default());
    let plain = (!c.is_control()).then_some(c);
    control.into_iter().flatten().chain(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_in_a_url_is_not_shown_and_the_sentence_around_it_is() {
        for (error, expected) in [
            ("disk full", "disk full"),
            (
                "error sending request for url (https://ada:pw@example.org:4318/v1?token=pw): timed out",
                "error sending request for url (https://example.org:4318/v1): timed out",
            ),
            ("\"http://ada@[::1]\", http://a/b@c#pw.", "\"http://[::1]\", http://a/b@c."),
            ("from http://a?to=http://ada:pw@b?pw next", "from http://a next"),
            ("http://ada:pw@a,http://eve:pw@b", "http://a,http://b"),
            ("http://a?):", "http://a):"),
            ("http://a/?, b", "http://a/, b"),
            // Who writes a password as it is, though it has a character that would end it.
            ("at http://ada:p/w@a:1/v1 and", "at http://a:1/v1 and"),
            ("at http://ada:p?w#@[::1]/v1", "at http://[::1]/v1"),
            ("at http://a:4318/v1/b@c", "at http://a:4318/v1/b@c"),
            ("://", "://"),
            ("", ""),
        ] {
            assert_eq!(said(&error), expected);
        }
    }

    #[test]
    fn it_is_one_line_of_some_length() {
        assert_eq!(said(&"a\nb\u{1b}[31m"), "a\\nb\\u{1b}[31m");
        assert_eq!(said(&"é".repeat(10_000)), format!("{}…", "é".repeat(SHOWN)));
        assert_eq!(said(&"é".repeat(SHOWN)), "é".repeat(SHOWN));
    }
}
