//! What proxies say of the client that they stand before.

use http::HeaderMap;

/// The client's side of a request, as the first of the proxies saw it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Forwarded {
    pub(super) client: Option<String>,
    pub(super) host: Option<String>,
    pub(super) scheme: Option<&'static str>,
}

impl Forwarded {
    /// Reads [`Forwarded`](https://www.rfc-editor.org/rfc/rfc7239), else the older `X-Forwarded-*`.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let first = |name: &str| headers.get(name)?.to_str().ok()?.split(',').next().map(str::trim);
        let mut read = Self::default();
        match first("forwarded") {
            Some(element) => {
                for (name, value) in element.split(';').filter_map(|pair| pair.split_once('=')) {
                    let value = value.trim().trim_matches('"');
                    match name.trim().to_ascii_lowercase().as_str() {
                        "for" => read.client = address(value),
                        "host" => read.host = Some(value.to_owned()),
                        "proto" => read.scheme = scheme(value),
                        _ => {}
                    }
                }
            }
            None => {
                read.client = first("x-forwarded-for").and_then(address);
                read.host = first("x-forwarded-host").filter(|host| !host.is_empty()).map(str::to_owned);
                read.scheme = first("x-forwarded-proto").and_then(scheme);
            }
        }
        read
    }
}

/// An address without its port and brackets; names that hide one (`unknown`, `_hidden`) are none.
fn address(node: &str) -> Option<String> {
    let bare = match node.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None if node.matches(':').count() == 1 => node.split(':').next().unwrap_or_default(),
        None => node,
    };
    bare.parse::<std::net::IpAddr>().ok().map(|address| address.to_canonical().to_string())
}

fn scheme(scheme: &str) -> Option<&'static str> {
    match scheme.to_ascii_lowercase().as_str() {
        "http" => Some("http"),
        "https" => Some("https"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName};

    use super::Forwarded;

    fn read(headers: &[(&'static str, &str)]) -> Forwarded {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect();
        Forwarded::read(&headers)
    }

    fn expected(client: Option<&str>, host: Option<&str>, scheme: Option<&'static str>) -> Forwarded {
        Forwarded { client: client.map(str::to_owned), host: host.map(str::to_owned), scheme }
    }

    #[test]
    fn the_first_proxy_counts() {
        let both = [
            ("forwarded", "For=\"[2001:db8::1]:4711\";proto=HTTPS; host=\"example.org:8443\", for=10.0.0.1"),
            ("x-forwarded-for", "192.0.2.1"),
        ];
        assert_eq!(read(&both), expected(Some("2001:db8::1"), Some("example.org:8443"), Some("https")));
        let older = [("x-forwarded-for", "192.0.2.1:80, 10.0.0.1"), ("x-forwarded-proto", "https,http")];
        assert_eq!(read(&older), expected(Some("192.0.2.1"), None, Some("https")));
    }

    #[test]
    fn what_is_no_address_or_scheme_is_left_out() {
        assert_eq!(read(&[("forwarded", "for=unknown;proto=gopher;;=;host")]), Forwarded::default());
        assert_eq!(read(&[("forwarded", "for=_hidden")]), Forwarded::default());
        assert_eq!(read(&[("x-forwarded-for", "<script>")]), Forwarded::default());
        assert_eq!(read(&[]), Forwarded::default());
    }
}
