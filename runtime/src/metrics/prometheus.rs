//! The metrics as Prometheus reads them.

use std::fmt;

use opentelemetry_sdk::metrics::MeterProviderBuilder;
use prometheus::{Registry, TextEncoder};

use crate::SetupError;

/// The metrics as a text that Prometheus reads: [`Telemetry::prometheus`](crate::Telemetry::prometheus). Clones are the
/// same.
///
/// Serve [`text`](Prometheus::text) with [`CONTENT_TYPE`](Prometheus::CONTENT_TYPE) at `GET /metrics`:
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use warp::Filter;
///
/// let telemetry = traced::Telemetry::builder()
///     .prometheus()
///     # .environment(|name| name.ends_with("S_EXPORTER").then(|| "none".to_owned()))
///     .install()?;
/// let prometheus = telemetry.prometheus().ok_or("the metrics are off")?;
/// let metrics = warp::path!("metrics").map(move || {
///     warp::reply::with_header(prometheus.text(), "content-type", traced::metrics::Prometheus::CONTENT_TYPE)
/// });
/// # drop(metrics);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Prometheus(Registry);

impl Prometheus {
    /// What kind of text it is.
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// Collects the metrics as they are now. After the telemetry was shut down there are none.
    pub fn text(&self) -> String {
        // What can't be written as text is left out rather than failing the whole.
        let mut text = String::new();
        for family in self.0.gather() {
            let before = text.len();
            if TextEncoder::new().encode_utf8(&[family], &mut text).is_err() {
                text.truncate(before);
            }
        }
        text
    }
}

impl fmt::Debug for Prometheus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prometheus")
    }
}

/// Adds the reader, if it is `wanted`.
pub(super) fn reader(
    builder: MeterProviderBuilder,
    wanted: bool,
) -> Result<(MeterProviderBuilder, Option<Prometheus>), SetupError> {
    if !wanted {
        return Ok((builder, None));
    }
    let registry = Registry::new();
    let exporter = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .build()
        .map_err(|error| SetupError::Exporter { destination: "Prometheus".to_owned(), reason: error.to_string() })?;
    Ok((builder.with_reader(exporter), Some(Prometheus(registry))))
}
