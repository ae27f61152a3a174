//! Drawing traces in the terminal.
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

/// Draws traces.
#[derive(Debug, Default)]
pub struct ConsoleExporter {}
impl ConsoleExporter {
    /// On stderr.
    pub fn new() -> Self {
        Self {}
    }
}
impl SpanExporter for ConsoleExporter {
    async fn export(&self, _batch: Vec<SpanData>) -> OTelSdkResult {
        Ok(())
    }
}
