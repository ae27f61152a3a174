//! Finished traces, drawn in the terminal.

mod draw;
mod style;
mod text;
mod traces;
mod tree;

use std::fmt;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use crate::telemetry::Environment;
use draw::{Canvas, draw};
use traces::{Drawing, Traces};

/// The columns of a stream that does not say.
const DEFAULT_WIDTH: usize = 100;

/// Draws each trace as a tree with durations and bars on one time axis, when its local root has ended.
///
/// ```text
/// ── POST /books/ · 245 ms · 4 spans · trace 4bf92f3577b34da6a3ce929d0e0e4736 ──────────
///                                           0                                     245 ms
/// POST /books/ (server)             245 ms  ████████████████████████████████████████████
/// │  http.response.status_code=201
/// ├─ authenticate_user             85.0 ms  ███████████████▎
/// │  └─ SELECT users (client)      40.0 ms     ███████▏
/// └─ create_book ✓                  140 ms                   █████████████████████████▎
///    │  book.title=Solaris
///    └─ ◆ Book created successfully +230 ms                                          ◆
/// ```
///
/// It writes to stderr, in colour if that is a terminal and `NO_COLOR` is unset. Spans that end after their trace was
/// drawn follow as a continuation. What waits for its root is bounded in number and, whenever spans arrive, in time (30
/// seconds), and then drawn as it is.
/// Control characters in names and values are escaped, so that no value can act upon the terminal.
///
/// [`TelemetryBuilder::console_when_unconfigured`](crate::TelemetryBuilder::console_when_unconfigured) and
/// `OTEL_TRACES_EXPORTER=console` use it; by itself it is a [`SpanExporter`] like any other:
///
/// ```
/// let exporter = traced::export::ConsoleExporter::builder().width(80).build();
/// let builder = traced::Telemetry::builder().span_exporter(exporter);
/// ```
pub struct ConsoleExporter {
    canvas: Canvas,
    /// None: stderr, locked only while a drawing is written.
    writer: Option<Mutex<Box<dyn Write + Send>>>,
    traces: Mutex<Traces>,
}

impl ConsoleExporter {
    /// To stderr, in its width and colours.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// To be told how to draw, and where.
    pub fn builder() -> ConsoleExporterBuilder {
        ConsoleExporterBuilder { writer: None, width: None, colour: None }
    }

    fn write(&self, drawings: &[Drawing]) {
        for drawing in drawings {
            let picture = draw(drawing, self.canvas);
            // A closed terminal is no reason for a program to fail; and a picture is written whole.
            let _ = match &self.writer {
                Some(writer) => {
                    let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
                    writer.write_all(picture.as_bytes()).and_then(|()| writer.flush())
                }
                None => std::io::stderr().lock().write_all(picture.as_bytes()),
            };
        }
    }

    fn traces(&self) -> std::sync::MutexGuard<'_, Traces> {
        self.traces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ConsoleExporter {
    fn default() -> Self {
        Self::new()
    }
}

impl SpanExporter for ConsoleExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let drawings = self.traces().add(batch, Instant::now());
        self.write(&drawings);
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        let drawings = self.traces().drain();
        self.write(&drawings);
        Ok(())
    }
}

impl fmt::Debug for ConsoleExporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsoleExporter").field("canvas", &self.canvas).finish_non_exhaustive()
    }
}

/// Says how to draw, and where: [`ConsoleExporter::builder`].
#[must_use = "nothing is drawn before `build()`"]
pub struct ConsoleExporterBuilder {
    writer: Option<Box<dyn Write + Send>>,
    width: Option<usize>,
    colour: Option<bool>,
}

impl ConsoleExporterBuilder {
    /// Draws into `writer` instead of stderr; then without colour and 100 columns wide, if nothing else is said.
    pub fn writer(mut self, writer: impl Write + Send + 'static) -> Self {
        self.writer = Some(Box::new(writer));
        self
    }

    /// The columns to draw in; less than 40 are taken as 40.
    pub fn width(mut self, columns: usize) -> Self {
        self.width = Some(columns);
        self
    }

    /// Whether to draw in colour.
    pub fn colour(mut self, colour: bool) -> Self {
        self.colour = Some(colour);
        self
    }

    /// The exporter.
    pub fn build(self) -> ConsoleExporter {
        let environment = Environment::process();
        let elsewhere = self.writer.is_some();
        let width = self.width.unwrap_or_else(|| if elsewhere { DEFAULT_WIDTH } else { style::columns(&environment) });
        let colour = self.colour.unwrap_or_else(|| !elsewhere && style::wants_colour(&environment));
        ConsoleExporter {
            canvas: Canvas { width: width.clamp(40, 400), colour },
            writer: self.writer.map(Mutex::new),
            traces: Mutex::default(),
        }
    }
}

impl fmt::Debug for ConsoleExporterBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsoleExporterBuilder").field("width", &self.width).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
