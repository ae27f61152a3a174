//! The id that ties the requests of several services together, whatever traces they have.

use std::sync::Arc;

use opentelemetry::Context;

use super::request::Request;

/// What a correlation id may be at most, in characters.
const MAX_LENGTH: usize = 128;

/// The correlation id of the request that is being handled: the one that came with it, or a new UUID.
///
/// `None` outside of a request, and where [`Trace::correlation_id`](super::Trace::correlation_id) was not asked for. It is
/// found wherever the request's context is current.
pub fn correlation_id() -> Option<Arc<str>> {
    Context::map_current(|cx| cx.get::<Arc<Request>>().and_then(|request| request.correlation_id.clone()))
}

/// The id that `header` holds if it is one, else a new one.
///
/// Every byte of it goes back into a header, onto the span and onto log lines, and anybody can send one: printable ASCII,
/// and no `@`, written as it is or escaped, so that it is no e-mail address.
pub(super) fn accept(header: Option<&http::HeaderValue>) -> Arc<str> {
    let printable = |byte: &u8| (0x20..0x7f).contains(byte) && *byte != b'@';
    header
        .map(http::HeaderValue::as_bytes)
        .filter(|id| (1..=MAX_LENGTH).contains(&id.len()) && id.iter().all(printable))
        .and_then(|id| std::str::from_utf8(id).ok())
        .filter(|id| !id.contains("%40"))
        .map_or_else(|| uuid::Uuid::new_v4().to_string().into(), Arc::from)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::accept;

    #[test]
    fn ids_of_128_characters_are_kept_and_what_is_none_is_replaced() {
        let keep = [
            "order-66",
            "0af7651916cd43dd8448eb211c80319c",
            "Root=1-67891233-abcdef012345678912345678;Sampled=1",
            "|7d5487b6-4d8d3f4a.b2_",
            "b3BlbiBzZXNhbWU/+w==",
            "two words, \"quoted\" <and> ~!",
            &"x".repeat(128),
        ];
        for id in keep {
            assert_eq!(&*accept(Some(&HeaderValue::from_str(id).unwrap())), id);
        }
        let long = "x".repeat(129);
        let replaced = [&b""[..], b"\xff", b"a\tb", b"ada@example.org", b"ada%40example.org", long.as_bytes()];
        for id in replaced {
            let made = accept(Some(&HeaderValue::from_bytes(id).unwrap()));
            assert!(uuid::Uuid::parse_str(&made).is_ok(), "{made}");
        }
        assert_ne!(accept(None), accept(None));
    }
}
