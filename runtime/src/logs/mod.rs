//! Log records of `tracing` and `log`: on the terminal and by OTLP, each with the ids of its trace and span.
//!
//! One line of [`Telemetry::builder`](crate::Telemetry::builder) sets it up:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let telemetry = traced::Telemetry::builder()
//!     .logs(traced::logs::Logs::text())
//!     # .environment(|name| name.ends_with("S_EXPORTER").then(|| "none".to_owned()))
//!     .install()?;
//! # Ok(())
//! # }
//! ```
//!
//! A record has `trace_id` and `span_id` of the span that is current, and under a service with
//! [`correlation_id`](crate::warp::Trace::correlation_id) the `correlation.id` of its request. RUST_LOG says which are
//! taken, by level and target (`info,bookstore=debug`; default `info`).
//!
//! By OTLP they go where OTEL_LOGS_EXPORTER says (`otlp`, `console`, `none`; default `otlp` where the
//! environment names an endpoint), in the batches of OTEL_BLRP_*.
//!
//! ```sh
//! OTEL_LOGS_EXPORTER=otlp OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318 RUST_LOG=info,bookstore=debug my-service
//! OTEL_LOGS_EXPORTER=console my-service   # lines on stderr, even of `Logs::silent()`
//! ```
//!
//! ```
//! # let environment = |name: &str| name.ends_with("S_EXPORTER").then(|| "none".to_owned());
//! // With OTEL_LOGS_EXPORTER=none they are shown, and not exported.
//! let telemetry = traced::Telemetry::builder().environment(environment).logs(traced::logs::Logs::json()).install()?;
//! tracing::info!(book.id = 7, "looked up");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What the exporter's own libraries say (`opentelemetry`, `hyper`, `reqwest`, `h2`, `tonic`, `tower`, ...) is never sent
//! there, so that an export does not cause the next one.
//!
//! # Exceptions
//!
//! Errors and panics that are recorded on spans are their events. OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN makes log records of them:
//! `logs` in the events' stead, `logs/dup` besides. A record has `event_name` `exception`, the ids of the span, the attributes that
//! the event has (`exception.type`, `.message`, `.stacktrace`; the span's limits and
//! [redaction](crate::TelemetryBuilder::redact) apply), and severity ERROR, or WARN where the span does not fail. RUST_LOG does not
//! apply to them. Where log records go nowhere the events stay, and one warning says so.
//!
//! # The subscriber
//!
//! `tracing` has one global subscriber for each process: the first installation sets it, later ones use it again.
//! A program that has one already adds [`layer`] to it; otherwise `install()` is an error that says so, and that subscriber keeps its records.

pub(crate) mod exceptions;
mod exporter;
mod layer;
mod line;
mod plan;

use std::fmt;
use std::io::Write;
use std::sync::Mutex;

pub use layer::layer;
pub(crate) use plan::{Plan, Running};

/// How log records are shown; given to [`TelemetryBuilder::logs`](crate::TelemetryBuilder::logs).
#[must_use = "nothing is shown until it is given to `Telemetry::builder().logs(..)`"]
pub struct Logs {
    format: Option<Format>,
    writer: Writer,
}

type Writer = Mutex<Box<dyn Write + Send>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Json,
}

impl Logs {
    fn new(format: Option<Format>) -> Self {
        Self { format, writer: Mutex::new(Box::new(std::io::stderr())) }
    }

    /// A line of text for each, on stderr: `2026-11-22T13:45:00.123Z INFO bookstore::run: listening port=8000`.
    pub fn text() -> Self {
        Self::new(Some(Format::Text))
    }

    /// A JSON object on a line for each, on stderr, with `timestamp`, `severity`, `target`, `body`, `attributes`, `trace_id`,
    /// `span_id` and `correlation.id`.
    pub fn json() -> Self {
        Self::new(Some(Format::Json))
    }

    /// They are exported alone.
    pub fn silent() -> Self {
        Self::new(None)
    }

    /// Writes to `writer` instead of stderr. A line is one call of [`Write::write_all`].
    pub fn writer(mut self, writer: impl Write + Send + 'static) -> Self {
        self.writer = Mutex::new(Box::new(writer));
        self
    }
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs").field("format", &self.format).finish_non_exhaustive()
    }
}

/// The correlation id of the request that is being handled, if any.
fn correlation_id() -> Option<std::sync::Arc<str>> {
    #[cfg(feature = "warp")]
    return crate::warp::correlation_id();
    #[cfg(not(feature = "warp"))]
    None
}
