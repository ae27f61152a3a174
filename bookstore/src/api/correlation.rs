//! `X-Correlation-ID`: comes back as sent, or is made here; it is on the server span.

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use warp::Filter;
use warp::filters::BoxedFilter;

use super::Response;

const NAME: HeaderName = HeaderName::from_static("x-correlation-id");
const LONGEST: usize = 128;

/// The request's correlation id.
pub(super) fn id() -> BoxedFilter<(HeaderValue,)> {
    warp::header::headers_cloned()
        .map(|headers: HeaderMap| {
            let sent = headers.get(NAME).filter(|value| acceptable(value.as_bytes())).cloned();
            let id = sent.unwrap_or_else(generated);
            if let Ok(text) = id.to_str() {
                traced::current().set_attribute("correlation.id", text);
            }
            id
        })
        .boxed()
}

pub(super) fn attach(id: HeaderValue, mut response: Response) -> Response {
    response.headers_mut().insert(NAME, id);
    response
}

fn acceptable(value: &[u8]) -> bool {
    (1..=LONGEST).contains(&value.len()) && value.iter().all(|byte| (b' '..=b'~').contains(byte))
}

fn generated() -> HeaderValue {
    HeaderValue::try_from(uuid::Uuid::new_v4().to_string()).unwrap_or_else(|_| HeaderValue::from_static("none"))
}

#[cfg(test)]
mod tests {
    use super::acceptable;

    #[test]
    fn printable_ascii_of_at_most_128_bytes_is_acceptable() {
        assert!(acceptable(b"abc 123 ~"));
        assert!(acceptable(&[b'x'; 128]));
        for refused in [&b""[..], b"a\tb", b"\x7f", "é".as_bytes(), &[b'x'; 129]] {
            assert!(!acceptable(refused), "{refused:?}");
        }
    }
}
