//! OTLP over gRPC: a message in its frame, and what the status says.
//!
//! One unary call is a POST over HTTP/2 whose body is the message behind five bytes, and whose outcome is in the trailers of
//! the answer. The HTTP client speaks HTTP/2, and the message is encoded already: a gRPC library would decode it again.
//!
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>

use std::borrow::Cow;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt, Limited};
use reqwest::{Body, Request, Response};

use super::super::Failure;
use super::Names;
use super::client::root_cause;
use super::sender::LONGEST_ANSWER;
use crate::recorder::wire::read::{Field, Reader};

/// What stands before a message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// What every call says.
pub(super) fn put_headers(headers: &mut HeaderMap, gzip: bool) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    if gzip {
        headers.insert("grpc-encoding", HeaderValue::from_static("gzip"));
    }
}

/// Makes `request` a call with `message`.
pub(super) fn put_message(request: &mut Request, message: Bytes, gzip: bool, timeout: Duration) {
    // At most eight digits: milliseconds reach beyond a day.
    let milliseconds = timeout.as_millis().clamp(1, 99_999_999);
    if let Ok(value) = HeaderValue::try_from(format!("{milliseconds}m")) {
        request.headers_mut().insert("grpc-timeout", value);
    }
    let mut prefix = vec![u8::from(gzip)];
    // A request is at most 2 MiB.
    prefix.extend((message.len() as u32).to_be_bytes());
    *request.body_mut() = Some(Body::wrap(Framed([Some(prefix.into()), Some(message)])));
}

/// A message behind its prefix, without a copy of it.
struct Framed([Option<Bytes>; 2]);

impl http_body::Body for Framed {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let part = self.0.iter_mut().find_map(Option::take);
        Poll::Ready(part.map(|part| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().flatten().map(|part| part.len() as u64).sum())
    }
}

/// Why a call failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CallError {
    /// It ended with this status, and a time after which it may be repeated.
    Status(Code, Option<Duration>),
    /// The answer did not come to its end.
    BrokenOff(String),
}

/// A gRPC status code: its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code(u32);

/// By their numbers.
const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

impl Code {
    const OK: Self = Self(0);
    const UNKNOWN: Self = Self(2);
    const RESOURCE_EXHAUSTED: Self = Self(8);

    fn name(self) -> &'static str {
        NAMES.get(self.0 as usize).copied().unwrap_or("UNKNOWN")
    }

    /// What an answer that comes from no gRPC server means.
    ///
    /// <https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md>
    fn of_http(status: StatusCode) -> Self {
        Self(match status.as_u16() {
            400 => 13,
            401 => 16,
            403 => 7,
            404 => 12,
            429 | 502 | 503 | 504 => 14,
            _ => 2,
        })
    }

    /// The [OTLP specification](https://opentelemetry.io/docs/specs/otlp/#failures)'s list of what may be repeated; where
    /// resources are exhausted only if the collector says when they will not be.
    fn may_be_repeated(self, retry: Option<Duration>) -> bool {
        matches!(self.0, 1 | 4 | 10 | 11 | 14 | 15) || (self == Self::RESOURCE_EXHAUSTED && retry.is_some())
    }
}

impl CallError {
    pub(super) fn failure(self, names: &Names) -> Failure {
        let (code, retry) = match self {
            Self::Status(code, retry) => (code, retry),
            Self::BrokenOff(cause) => {
                let reason = format!("the answer broke off: {cause}");
                return Failure { reason, kind: Cow::Borrowed("connection_closed"), again: Some(None) };
            }
        };
        let hint = match code.name() {
            "UNAUTHENTICATED" | "PERMISSION_DENIED" => {
                "; check the credentials in OTEL_EXPORTER_OTLP_HEADERS".to_owned()
            }
            "UNIMPLEMENTED" => {
                format!("; if it takes no {} over gRPC set {}=none", names.signal(), names.exporter)
            }
            "RESOURCE_EXHAUSTED" if names.is_traces() => {
                "; if the batch was too large for it, lower OTEL_BSP_MAX_EXPORT_BATCH_SIZE".to_owned()
            }
            _ => String::new(),
        };
        let reason = format!("the collector answered the gRPC status {} ({}){hint}", code.name(), code.0);
        Failure { reason, kind: Cow::Borrowed(code.name()), again: code.may_be_repeated(retry).then_some(retry) }
    }
}

/// The message that the collector answers.
pub(super) async fn answer(response: Response) -> Result<Bytes, CallError> {
    let (head, body) = http::Response::<Body>::from(response).into_parts();
    // An answer without a message has everything in its head.
    if let Some(status) = status(&head.headers) {
        return status.and(Ok(Bytes::new()));
    }
    if head.status != StatusCode::OK {
        return Err(CallError::Status(Code::of_http(head.status), None));
    }
    let body = Limited::new(body, LONGEST_ANSWER).collect().await;
    let body = body.map_err(|error| CallError::BrokenOff(root_cause(&*error)))?;
    let status = body.trailers().and_then(status);
    // Without a status nobody knows what became of the message.
    status.unwrap_or(Err(CallError::Status(Code::UNKNOWN, None)))?;
    let body = body.to_bytes();
    // We accept no compression, so there is none.
    Ok(if body.len() > PREFIX { body.slice(PREFIX..) } else { Bytes::new() })
}

/// The outcome that is in the trailers.
fn status(trailers: &HeaderMap) -> Option<Result<(), CallError>> {
    let code =
        trailers.get("grpc-status")?.to_str().ok().and_then(|code| code.parse().ok()).map_or(Code::UNKNOWN, Code);
    if code == Code::OK {
        return Some(Ok(()));
    }
    let details = trailers.get("grpc-status-details-bin").and_then(|details| {
        let padding = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        GeneralPurpose::new(&STANDARD, padding).decode(details.as_bytes()).ok()
    });
    Some(Err(CallError::Status(code, details.as_deref().and_then(retry_delay))))
}

/// The `google.rpc.RetryInfo` of a `google.rpc.Status`.
fn retry_delay(status: &[u8]) -> Option<Duration> {
    Reader::new(status).filter(|(number, _)| *number == 3).find_map(|(_, detail)| {
        let text = |wanted| bytes_field(detail.bytes(), wanted);
        if !text(1)?.ends_with(b"/google.rpc.RetryInfo") {
            return None;
        }
        let delay = bytes_field(text(2)?, 1).unwrap_or_default();
        let number = |wanted| Reader::new(delay).find(|(number, _)| *number == wanted);
        let number = |wanted| match number(wanted) {
            Some((_, Field::Varint(value))) => value,
            _ => 0,
        };
        // Both are signed; who writes a negative wait gets none.
        let seconds = i64::try_from(number(1)).ok()?;
        Some(Duration::new(seconds.cast_unsigned(), u32::try_from(number(2)).ok()?.min(999_999_999)))
    })
}

fn bytes_field(message: &[u8], wanted: u64) -> Option<&[u8]> {
    match Reader::new(message).find(|(number, _)| *number == wanted)? {
        (_, field @ Field::Bytes(_)) => Some(field.bytes()),
        _ => None,
    }
}
