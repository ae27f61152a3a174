//! What spans tell of a request's method and address.

use std::borrow::Cow;

use http::{Method, Version};

use crate::value::{Fields, REDACTED};

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
pub(crate) fn redacted<'q>(query: &'q str, more: &[String]) -> Cow<'q, str> {
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
pub(crate) fn host_and_port(host: &str) -> (&str, Option<u16>) {
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
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (name, port) = host_and_port(host);
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
        url.push_str(fragment);
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

/// `http.request.method`, and the original of one that is not known.
pub(crate) fn record_method(method: &Method, fields: &mut Fields<'_>) {
    match known_method(method) {
        UNKNOWN => {
            fields.slot("http.request.method").static_str("_OTHER");
            fields.set("http.request.method_original", method.as_str());
        }
        known => fields.slot("http.request.method").static_str(known),
    }
}

#[cfg(test)]
mod tests {
    use super::{host_and_port, masked, redacted, server};

    #[test]
    fn credentials_and_secrets_are_masked_in_a_url() {
        let cases = [
            ("https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
            ("https://ada:pw@example.org/a@b?sig=x&b=c", "https://REDACTED:REDACTED@example.org/a@b?sig=REDACTED&b=c"),
            ("http://ada@[::1]:80", "http://REDACTED:REDACTED@[::1]:80"),
            ("/path?token=x", "/path?token=REDACTED"),
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
