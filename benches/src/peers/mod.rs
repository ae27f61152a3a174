//! The ways to trace a function, each written as its own documentation would have it; those called tuned by somebody who has
//! measured.

mod bare;
mod fastrace;
mod hand_tuned;
mod hand_written;
mod traced;
mod tracing;

use std::any::Any;

/// One way to trace functions.
pub(crate) trait Peer: Sync {
    /// Sets it up to record everything, or nothing if not `sampled`, and to export to `endpoint`. What is returned
    /// delivers the rest when it is dropped.
    fn set_up(&self, endpoint: &str, sampled: bool) -> Box<dyn Any>;

    /// A root span and ten children inside it.
    fn tree(&self, sampled: bool);

    /// The same, async: each child gives way twice.
    fn async_tree(&self);

    /// `times` children, inside a root that is not sampled if there is one at all.
    fn children(&self, times: u64, under_unsampled_root: bool);
}

pub(crate) const NAMES: [&str; 7] =
    ["hand-written", "hand-tuned", "tracing", "tracing-tuned", "fastrace", "fastrace-tuned", "traced"];

/// The peer of that name; `bare` is the function itself.
pub(crate) fn by_name(name: &str) -> Option<&'static dyn Peer> {
    Some(match name {
        "bare" => &bare::Bare,
        "hand-written" => &hand_written::HandWritten,
        "hand-tuned" => &hand_tuned::HandTuned,
        "tracing" => &tracing::Tracing::Documented,
        "tracing-tuned" => &tracing::Tracing::Tuned,
        "fastrace" => &fastrace::Fastrace::Documented,
        "fastrace-tuned" => &fastrace::Fastrace::Tuned,
        "traced" => &traced::Traced,
        _ => return None,
    })
}

/// An SDK provider with a queue that takes a whole measurement: with its default of 2,048 it would drop most.
pub(crate) fn sdk_provider(endpoint: &str, sampled: bool) -> opentelemetry_sdk::trace::SdkTracerProvider {
    use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
    use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider};

    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint)
        .build()
        .expect("an exporter");
    let batch = BatchConfigBuilder::default().with_max_queue_size(1 << 18).with_max_export_batch_size(8192).build();
    let root = if sampled { Sampler::AlwaysOn } else { Sampler::AlwaysOff };
    SdkTracerProvider::builder()
        .with_sampler(Sampler::ParentBased(Box::new(root)))
        .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(batch).build())
        .build()
}

/// Shuts an SDK provider down when dropped.
pub(crate) struct Shutdown(pub(crate) opentelemetry_sdk::trace::SdkTracerProvider);

impl Drop for Shutdown {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(std::time::Duration::from_secs(60)) {
            eprintln!("shutdown: {error}");
        }
    }
}
