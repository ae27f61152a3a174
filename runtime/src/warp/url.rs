//! What a request says of its own address.

use std::borrow::Cow;

use crate::value::REDACTED;

/// Query parameters whose values are never recorded: those that the conventions name, and words for secrets.
const SENSITIVE: &[&str] = &[
    // https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/#url-query
    "awsaccesskeyid",
    "signature",
    "sig",
    "x-goog-signature",
    "x-amz-signature",
    "x-amz-credential",
    "x-amz-security-token",
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "client_secret",
    "token",
    "access_token",
    "refresh_token",
    "id_token",
    "auth",
    "authorization",
    "api_key",
    "apikey",
    "api-key",
    "key",
    "code",
    "jwt",
    "session",
    "session_id",
    "sessionid",
    "email",
    "e-mail",
];

/// `query` with the values of sensitive keys masked, those in `more` (lower case) among them.
pub(super) fn redacted<'q>(query: &'q str, more: &[String]) -> Cow<'q, str> {
    let is_sensitive = |pair: &str| {
        let Some((key, value)) = pair.split_once('=') else { return false };
        // A key can be written with escapes and must still be known.
        let key = decoded(key).to_lowercase();
        !value.is_empty() && (SENSITIVE.contains(&key.as_str()) || more.contains(&key))
    };
    if !query.split('&').any(is_sensitive) {
        return Cow::Borrowed(query);
    }
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((key, _)) if is_sensitive(pair) => Cow::Owned(format!("{key}={REDACTED}")),
        _ => Cow::Borrowed(pair),
    });
    Cow::Owned(pairs.collect::<Vec<_>>().join("&"))
}

fn decoded(key: &str) -> String {
    let bytes = key.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| key.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escape {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The host and the port that the `Host` header names.
pub(super) fn host_and_port(host: &str) -> (&str, Option<u16>) {
    let (name, port) = match host.rsplit_once(':') {
        // The colons of an address in brackets are its own.
        Some((name, port)) if !port.contains(']') => (name, port.parse().ok()),
        _ => (host, None),
    };
    (name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name), port)
}

#[cfg(test)]
mod tests {
    use super::{host_and_port, redacted};

    #[test]
    fn values_of_sensitive_keys_are_masked() {
        let cases = [
            ("q=dune&limit=3", "q=dune&limit=3"),
            ("token=abc&q=dune", "token=REDACTED&q=dune"),
            ("Access%5FToken=abc", "Access%5FToken=REDACTED"),
            ("a=1&Signature=xyz==&b", "a=1&Signature=REDACTED&b"),
            ("isbn=1&ISBN=2", "isbn=REDACTED&ISBN=REDACTED"),
            ("token=&token", "token=&token"),
            ("%=1&%zz=2", "%=1&%zz=2"),
        ];
        for (query, expected) in cases {
            assert_eq!(redacted(query, &["isbn".to_owned()]), expected);
        }
    }

    #[test]
    fn a_host_is_told_from_its_port() {
        assert_eq!(host_and_port("example.org"), ("example.org", None));
        assert_eq!(host_and_port("example.org:8000"), ("example.org", Some(8000)));
        assert_eq!(host_and_port("[::1]:8000"), ("::1", Some(8000)));
        assert_eq!(host_and_port("[::1]"), ("::1", None));
        assert_eq!(host_and_port("example.org:x"), ("example.org", None));
    }
}
