//! Calls, durations, errors and calls in flight of functions: `cargo run -p traced --features prometheus --example metrics`
//! prints what Prometheus would read. `OTEL_METRICS_EXPORTER=console` draws the same as lines on stderr when it ends,
//! `OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318` sends it there by OTLP.

use std::io::Write as _;

use traced::opentelemetry::{KeyValue, global};
use traced::{ErrorType, Telemetry, traced};

#[derive(Debug, ErrorType)]
enum Refused {
    #[error_type("out_of_stock")]
    OutOfStock,
}

/// `traced.function.duration` and `traced.function.active`, by `code.function.name` and `error.type`.
#[traced(metrics)]
fn reserve(copies: u32) -> Result<u32, Refused> {
    if copies > 3 { Err(Refused::OutOfStock) } else { Ok(copies) }
}

/// `book.lookup.duration` and `book.lookup.active`. Of every attribute that is given few values should be possible.
#[traced(metrics(name = "book.lookup", cache.hit = id < 3))]
async fn look_up(id: u32) -> Option<String> {
    tokio::time::sleep(std::time::Duration::from_millis(u64::from(id))).await;
    (id < 100).then(|| format!("book {id}"))
}

/// Sells some books.
#[tokio::main]
pub async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let telemetry = Telemetry::builder()
        .service_name("metrics-example")
        .prometheus()
        // Metrics do not depend on sampling: nobody records a span here.
        .sampler(traced::opentelemetry_sdk::trace::Sampler::AlwaysOff)
        .install()?;
    // The provider is OpenTelemetry's global one, too: instruments of your own.
    let sold = global::meter("metrics-example").u64_counter("books.sold").with_unit("{book}").build();
    for number in 1..6 {
        if let (Ok(copies), Some(_)) = (reserve(number), look_up(number).await) {
            sold.add(copies.into(), &[KeyValue::new("shop", "online")]);
        }
    }
    if let Some(prometheus) = telemetry.prometheus() {
        std::io::stdout().write_all(prometheus.text().as_bytes())?;
    }
    telemetry.shutdown()?;
    Ok(())
}
