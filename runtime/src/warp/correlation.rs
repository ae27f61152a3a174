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

/// The id that `header` holds if it is one, else a new one. Every byte of it goes back into a header and onto log lines.
pub(super) fn accept(header: Option<&http::HeaderValue>) -> Arc<str> {
    header
        .map(http::HeaderValue::as_bytes)
        .filter(|id| (1..=MAX_LENGTH).contains(&id.len()) && id.iter().all(|byte| (0x20..0x7f).contains(byte)))
        .and_then(|id| std::str::from_utf8(id).ok())
        .map_or_else(|| uuid::Uuid::new_v4().to_string().into(), Arc::from)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::accept;

    #[test]
    fn printable_ids_of_128_characters_are_kept_and_others_replaced() {
        let keep = ["abc-1", "with spaces ~!", &"x".repeat(128)];
        for id in keep {
            assert_eq!(&*accept(Some(&HeaderValue::from_str(id).unwrap())), id);
        }
        let long = "x".repeat(129);
        for id in [&b""[..], b"\xff", b"a\tb", long.as_bytes()] {
            let made = accept(Some(&HeaderValue::from_bytes(id).unwrap()));
            assert!(uuid::Uuid::parse_str(&made).is_ok(), "{made}");
        }
        assert_ne!(accept(None), accept(None));
    }
}
