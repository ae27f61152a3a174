//! Carrying a trace from process to process by hand: `cargo run -p traced --features http --example propagation`.

use opentelemetry::trace::TraceContextExt as _;
use traced::propagation::{extract, inject};
use traced::{Telemetry, traced};

#[traced(kind = producer)]
fn publish() -> http::HeaderMap {
    let mut headers = http::HeaderMap::new();
    inject(&mut headers);
    headers
}

#[traced(kind = consumer, parent = extract(headers))]
fn consume(headers: &http::HeaderMap) {
    let parent = extract(headers).span().span_context().span_id();
    traced::event!("message consumed", sender.span_id = %parent);
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let telemetry = Telemetry::builder().service_name("propagation-example").console_when_unconfigured().install()?;
    consume(&publish());
    telemetry.shutdown()?;
    Ok(())
}
