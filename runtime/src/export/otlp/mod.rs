//! OTLP over HTTP/protobuf.

mod settings;
mod transport;

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};

pub(crate) use settings::OtlpSettings;
pub(crate) use transport::Transport;

use super::{Closing, Details};

/// The exporter that `settings` describe.
pub(crate) fn exporter(
    settings: OtlpSettings,
    closing: Arc<Closing>,
    details: Arc<Details>,
) -> Result<SpanExporter, String> {
    let endpoint = settings.endpoint.to_string();
    let compression = settings.gzip.then_some(opentelemetry_otlp::Compression::Gzip);
    let timeout = settings.timeout;
    let transport = Transport::new(settings, closing, details)?;
    let mut builder = SpanExporter::builder()
        .with_http()
        .with_http_client(transport)
        .with_endpoint(endpoint)
        .with_protocol(Protocol::HttpBinary)
        // The transport bounds and repeats requests itself: its waits can be cut short by a shutdown.
        .with_retry_policy(RetryPolicy::disabled())
        .with_timeout(timeout.saturating_add(Duration::from_secs(1)));
    if let Some(compression) = compression {
        builder = builder.with_compression(compression);
    }
    builder.build().map_err(|error| error.to_string())
}
