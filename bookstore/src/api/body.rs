//! Reading a body that may be too long, too slow or never end.

use std::pin::Pin;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use http::header::{CONTENT_LENGTH, EXPECT};
use http::{HeaderMap, StatusCode};

use super::failure::Failure;

/// The longest body that is read, in bytes.
const LONGEST: usize = 1024 * 1024;
/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of a body that nobody wants is taken in, so that its sender comes to read the answer.
const DISCARDED: usize = 16 * 1024 * 1024;
const DISCARDING: Duration = Duration::from_secs(2);

/// The parts of a body, as they arrive.
pub(super) struct Chunks(Pin<Box<dyn Stream<Item = Result<Bytes, ()>> + Send>>);

impl Chunks {
    pub(super) fn of<B: Buf>(stream: impl Stream<Item = Result<B, warp::Error>> + Send + 'static) -> Self {
        let bytes = |chunk: Result<B, _>| chunk.map(|mut chunk| chunk.copy_to_bytes(chunk.remaining())).map_err(drop);
        Self(Box::pin(stream.map(bytes)))
    }
}

/// A body that nobody has read yet.
pub(super) struct Body {
    chunks: Chunks,
    announced: Option<usize>,
    waits_for_continue: bool,
}

impl Body {
    pub(super) fn new(headers: &HeaderMap, chunks: Chunks) -> Self {
        let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        Self { chunks, announced, waits_for_continue: headers.contains_key(EXPECT) }
    }

    /// The whole body.
    pub(super) async fn read(mut self) -> Result<Bytes, Failure> {
        if self.announced.is_some_and(|length| length > LONGEST) {
            self.discard().await;
            return Err(too_long());
        }
        let mut whole = BytesMut::new();
        let reading = async {
            while let Some(chunk) = self.chunks.0.next().await {
                let chunk = chunk.map_err(|()| Failure::detail(StatusCode::BAD_REQUEST, "The body ended early"))?;
                if whole.len() + chunk.len() > LONGEST {
                    return Ok(false);
                }
                whole.extend_from_slice(&chunk);
            }
            Ok(true)
        };
        match tokio::time::timeout(PATIENCE, reading).await {
            Ok(Ok(true)) => Ok(whole.freeze()),
            Ok(Ok(false)) => {
                self.discard().await;
                Err(too_long())
            }
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(Failure::detail(StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time")),
        }
    }

    /// Takes in what is left. A connection closed under a sender would lose the answer.
    pub(super) async fn discard(&mut self) {
        // Such a sender reads first; polling its body would ask for it.
        if self.waits_for_continue || self.announced.is_some_and(|length| length > DISCARDED) {
            return;
        }
        let mut left = DISCARDED;
        let discarding = async {
            while let Some(Ok(chunk)) = self.chunks.0.next().await {
                left = left.saturating_sub(chunk.len());
                if left == 0 {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(DISCARDING, discarding).await;
    }
}

fn too_long() -> Failure {
    Failure::detail(StatusCode::PAYLOAD_TOO_LARGE, "The body is longer than 1 MiB")
}
