//! What spans tell of a request's method and address.

use std::borrow::Cow;

use http::{Method, Version};

use super::percent::decoded;
use crate::value::{Fields, REDACTED, key};

/// Words that say that a query parameter is a secret, wherever they stand in its key: `reset_token`, `accessToken`. Those
/// for the macros, which refuse to record variables by name, are in `macros/src/secrets.rs`, with a test that both agree.
const WORDS: &[&str] = &[
    "apikey",
    "auth",
    "authorization",
    "bearer",
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "cvc",
    "cvv",
    "email",
    "emails",
    "jwt",
    "otp",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "pwd",
    "secret",
    "secrets",
    "sessionid",
    "sig",
    "signature",
    "ssn",
    "token",
    "tokens",
    // Written without a sign of where the words end.
    "accesskey",
    "accesstoken",
    "authtoken",
    "awsaccesskeyid",
    "clientsecret",
    "idtoken",
    "refreshtoken",
    "sessiontoken",
];

/// Words that say so side by side.
const PAIRS: &[(&str, &str)] = &[
    ("access", "key"),
    ("api", "key"),
    ("e", "mail"),
    ("encryption", "key"),
    ("private", "key"),
    ("secret", "key"),
    ("session", "id"),
    ("session", "key"),
    ("signing", "key"),
];

/// Keys that say so alone: as one word among others these are common.
const WHOLE: &[&str] = &["code", "key", "session"];

/// Whether the value of `key` is a secret; `more` are further keys, in lower case.
fn is_sensitive(key: &str, more: &[String]) -> bool {
    // Most keys are one word, and the words of nearly all the others are there already.
    if key.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return is_secret(key, std::iter::once(key), more);
    }
    if key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.'))
    {
        return is_secret(key, bare(key.split(['_', '-', '.'])), more);
    }
    // A key can be written with escapes and must still be known.
    let key = decoded(key);
    let words = words(&key);
    is_secret(&key.to_lowercase(), bare(words.iter().map(String::as_str)), more)
}

/// Whether `key`, in lower case, or its `words` are those of a secret.
fn is_secret<'w>(key: &str, words: impl Iterator<Item = &'w str> + Clone, more: &[String]) -> bool {
    more.iter().any(|more| more == key)
        || WHOLE.contains(&key)
        || words.clone().any(|word| WORDS.contains(&word))
        || words.clone().zip(words.skip(1)).any(|pair| PAIRS.contains(&pair))
}

/// `words` without numbers at their ends, and without those that are nothing else.
fn bare<'w>(words: impl Iterator<Item = &'w str> + Clone) -> impl Iterator<Item = &'w str> + Clone {
    words.map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit())).filter(|word| !word.is_empty())
}

/// The words of a key in `snake_case`, `kebab-case`, `camelCase` or any other with signs between, in lower case;
/// some are empty.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut previous = ' ';
    let mut characters = key.chars().peekable();
    while let Some(c) = characters.next() {
        let next_is_lower = characters.peek().is_some_and(|next| next.is_lowercase());
        // `accessToken`, and the end of capitals in `APIKey`.
        let begins = c.is_uppercase() && (!previous.is_uppercase() || next_is_lower);
        if begins || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        previous = c;
    }
    words
}

/// `query` with the values of sensitive keys masked, those in `more` (lower case) among them.
pub(crate) fn redacted<'q>(query: &'q str, more: &[String]) -> Cow<'q, str> {
    let mut parts = query.split('&').map(|pairs| masked_pairs(pairs, more));
    if parts.all(|pairs| matches!(pairs, Cow::Borrowed(_))) {
        return Cow::Borrowed(query);
    }
    let masked: Vec<Cow<'q, str>> = query.split('&').map(|pairs| masked_pairs(pairs, more)).collect();
    Cow::Owned(masked.join("&"))
}

/// What stands between two `&`. Some servers take `;` for another separator, for others it is a part of the value: from a
/// sensitive key on all is masked.
fn masked_pairs<'q>(pairs: &'q str, more: &[String]) -> Cow<'q, str> {
    let mut at = 0;
    for pair in pairs.split(';') {
        if let Some((key, value)) = pair.split_once('=')
            && !(value.is_empty() && at + pair.len() == pairs.len())
            && is_sensitive(key, more)
        {
            return Cow::Owned(format!("{}={REDACTED}", &pairs[..at + key.len()]));
        }
        at += pair.len() + 1;
    }
    Cow::Borrowed(pairs)
}

/// The host and the port that a `Host` header or the like names. A user and a password before them are left out.
pub(crate) fn host_and_port(host: &str) -> (&str, Option<u16>) {
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let (name, port) = match host.rsplit_once(':') {
        // The colons of an address in brackets are its own.
        Some((name, port)) if !port.contains(']') => (name, port.parse().ok()),
        _ => (host, None),
    };
    (name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name), port)
}

/// Where the URL `full` leads to; the port by its scheme when it names none.
pub(crate) fn server(full: &str) -> (Option<&str>, Option<u16>) {
    let Some((scheme, rest)) = full.split_once("://") else { return (None, None) };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (name, port) = host_and_port(authority);
    let default = match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    ((!name.is_empty()).then_some(name), port.or(default))
}

/// The URL `full` without credentials and values of sensitive keys, as the conventions ask for `url.full`.
pub(crate) fn masked(full: &str) -> String {
    let (address, fragment) = full.split_once('#').map_or((full, None), |(address, rest)| (address, Some(rest)));
    let (address, query) = address.split_once('?').map_or((address, None), |(address, rest)| (address, Some(rest)));
    let mut url = match address.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
            match authority.rsplit_once('@') {
                Some((_, host)) => format!("{scheme}://{REDACTED}:{REDACTED}@{host}{path}"),
                None => address.to_owned(),
            }
        }
        None => address.to_owned(),
    };
    if let Some(query) = query {
        url.push('?');
        url.push_str(&redacted(query, &[]));
    }
    if let Some(fragment) = fragment {
        url.push('#');
        url.push_str(&redacted(fragment, &[]));
    }
    url
}

/// The version of HTTP, for `network.protocol.version`.
pub(crate) fn version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_09 => Some("0.9"),
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        Version::HTTP_3 => Some("3"),
        _ => None,
    }
}

/// What stands for a method that the conventions do not know in the names of spans.
const UNKNOWN: &str = "HTTP";

/// The method, if it is one that the conventions know; nobody outside must be able to make up span names.
pub(crate) fn known_method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "CONNECT" => "CONNECT",
        "OPTIONS" => "OPTIONS",
        "TRACE" => "TRACE",
        "PATCH" => "PATCH",
        "QUERY" => "QUERY",
        _ => UNKNOWN,
    }
}

/// The value of `http.request.method` for a [`known_method`]: `_OTHER` for one that is not known.
pub(crate) fn recorded(known: &'static str) -> &'static str {
    if known == UNKNOWN { "_OTHER" } else { known }
}

/// `http.request.method`, and the original of one that is not known.
pub(crate) fn record_method(method: &Method, fields: &mut Fields<'_>) {
    record_method_as(known_method(method), method, fields);
}

/// The same for a method that has been looked at: it is `known`.
pub(crate) fn record_method_as(known: &'static str, method: &Method, fields: &mut Fields<'_>) {
    let recorded = recorded(known);
    fields.place(key!("http.request.method")).static_str(recorded);
    if known == UNKNOWN {
        fields.put(key!("http.request.method_original"), method.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::{PAIRS, WHOLE, WORDS, host_and_port, is_sensitive, masked, redacted, server};

    #[test]
    fn credentials_and_secrets_are_masked_in_a_url() {
        let cases = [
            ("https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
            ("https://ada:pw@example.org/a@b?sig=x&b=c", "https://REDACTED:REDACTED@example.org/a@b?sig=REDACTED&b=c"),
            ("http://ada@[::1]:80", "http://REDACTED:REDACTED@[::1]:80"),
            ("/path?token=x", "/path?token=REDACTED"),
            ("/a#access_token=x&b=c", "/a#access_token=REDACTED&b=c"),
            ("/a#/login?resetToken=x", "/a#/login?resetToken=REDACTED"),
        ];
        for (url, expected) in cases {
            assert_eq!(masked(url), expected);
        }
    }

    #[test]
    fn a_url_tells_its_server() {
        assert_eq!(server("https://ada:pw@example.org/a"), (Some("example.org"), Some(443)));
        assert_eq!(server("http://[::1]:8000?a=b@c"), (Some("::1"), Some(8000)));
        assert_eq!(server("/path"), (None, None));
    }

    #[test]
    fn values_of_sensitive_keys_are_masked() {
        let cases = [
            ("q=dune&limit=3", "q=dune&limit=3"),
            ("token=abc&q=dune", "token=REDACTED&q=dune"),
            ("Access%5FToken=abc", "Access%5FToken=REDACTED"),
            ("a=1&Signature=xyz==&b", "a=1&Signature=REDACTED&b"),
            ("isbn=1&ISBN=2", "isbn=REDACTED&ISBN=REDACTED"),
            ("token=&token", "token=&token"),
            ("reset_token=x", "reset_token=REDACTED"),
            ("accessToken=x", "accessToken=REDACTED"),
            ("x-api-key=x", "x-api-key=REDACTED"),
            ("new_password=x&newPassword2=x", "new_password=REDACTED&newPassword2=REDACTED"),
            ("clientSecret=x&clientsecret=x", "clientSecret=REDACTED&clientsecret=REDACTED"),
            ("X-Amz-Credential=x&AWSAccessKeyId=x", "X-Amz-Credential=REDACTED&AWSAccessKeyId=REDACTED"),
            ("APIKey=x&CLIENT_SECRET=x", "APIKey=REDACTED&CLIENT_SECRET=REDACTED"),
            ("user[password]=x&e-mail=x", "user[password]=REDACTED&e-mail=REDACTED"),
            ("code=x&zip_code=1&key=x&sort_key=a", "code=REDACTED&zip_code=1&key=REDACTED&sort_key=a"),
            ("tokenizer=a&author=b&monkey=c", "tokenizer=a&author=b&monkey=c"),
            ("a=1;token=x;y&b=2;c=3", "a=1;token=REDACTED&b=2;c=3"),
            ("token=;x", "token=REDACTED"),
            ("%=1&%zz=2", "%=1&%zz=2"),
        ];
        for (query, expected) in cases {
            assert_eq!(redacted(query, &["isbn".to_owned()]), expected);
        }
    }

    #[test]
    fn the_short_way_for_keys_finds_what_the_long_one_finds() {
        let words =
            WORDS.iter().chain(WHOLE).copied().chain(PAIRS.iter().flat_map(|(a, b)| [*a, *b])).chain(["book", "7"]);
        let words: Vec<&str> = words.collect();
        let more = ["isbn".to_owned(), "book_book".to_owned()];
        for first in &words {
            for second in &words {
                for sign in ["", "_", "-", ".", "2", "_3_", "__"] {
                    let key = format!("{first}{sign}{second}");
                    // A sign that is none of those that the short way takes, and means nothing to the long one.
                    let long = format!("+{key}");
                    let whole = WHOLE.contains(&key.as_str()) || more.contains(&key);
                    assert_eq!(is_sensitive(&key, &more), whole || is_sensitive(&long, &more), "{key}");
                }
            }
        }
    }

    #[test]
    fn a_host_is_told_from_its_port() {
        assert_eq!(host_and_port("example.org"), ("example.org", None));
        assert_eq!(host_and_port("example.org:8000"), ("example.org", Some(8000)));
        assert_eq!(host_and_port("[::1]:8000"), ("::1", Some(8000)));
        assert_eq!(host_and_port("[::1]"), ("::1", None));
        assert_eq!(host_and_port("example.org:x"), ("example.org", None));
        assert_eq!(host_and_port("ada:CANARY@example.org:80"), ("example.org", Some(80)));
        assert_eq!(host_and_port("ada:CANARY@[::1]"), ("::1", None));
        assert_eq!(host_and_port("ada:80@example.org"), ("example.org", None));
    }
}
