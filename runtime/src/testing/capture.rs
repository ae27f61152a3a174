//! Sending the spans of a closure or future to a list.

use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::Context;
use opentelemetry::trace::FutureExt;
use opentelemetry_sdk::trace::SpanData;

use super::Spans;
use crate::recorder::{self, Capturing, Pipeline, RecorderConfig};

/// Runs `body` and gives what it returned and the spans that ended in it.
///
/// Only spans started beneath `body` are seen: on its thread, and wherever its context was carried
/// ([`carry`](crate::carry), [`spawn`](crate::spawn)). Tests that run at the same time do not see each other's, nor does an installed
/// [`Telemetry`](crate::Telemetry).
///
/// ```
/// #[traced::traced(attrs(n = n))]
/// fn double(n: i64) -> i64 { 2 * n }
///
/// let (result, spans) = traced::testing::capture(|| double(21));
/// assert_eq!(result, 42);
/// assert_eq!(spans[0].name, "double");
/// assert_eq!(spans[0].attribute("n"), Some(&21.into()));
/// ```
pub fn capture<T>(body: impl FnOnce() -> T) -> (T, Spans) {
    let capture = Capture::start();
    let attached = capture.context().clone().attach();
    let value = body();
    drop(attached);
    (value, capture.finish())
}

/// Awaits `future` and gives what it returned and the spans that ended in it; see [`capture`].
pub async fn capture_async<F: Future>(future: F) -> (F::Output, Spans) {
    let capture = Capture::start();
    let value = future.with_context(capture.context().clone()).await;
    (value, capture.finish())
}

/// A capture that is taken apart: for what is neither one closure nor one future.
#[derive(Debug)]
pub struct Capture {
    context: Context,
    pipeline: Arc<Pipeline>,
    finished: Mutex<Vec<SpanData>>,
    _capturing: Capturing,
}

impl Capture {
    /// Starts to capture what runs in its [`context`](Capture::context).
    pub fn start() -> Self {
        // The same recorder as in production, whose finished spans wait to be read.
        let pipeline = Arc::new(Pipeline::held(RecorderConfig::default()));
        let (context, capturing) = recorder::capture(Arc::clone(&pipeline));
        Self { context, pipeline, finished: Mutex::default(), _capturing: capturing }
    }

    /// The context to attach where spans are to be captured.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The spans that have ended so far.
    pub fn spans(&self) -> Spans {
        let mut finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        finished.extend(self.pipeline.take_finished());
        Spans::new(finished.clone())
    }

    /// The spans that have ended; later ones are lost.
    pub fn finish(self) -> Spans {
        self.spans()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.pipeline.close();
    }
}
