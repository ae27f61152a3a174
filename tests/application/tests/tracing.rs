//! Spans of `tracing` (through tracing-opentelemetry 0.34) and of `traced` nest in each other, both ways, through
//! OpenTelemetry's own `Context`.
//!
//! What has to be set up: one tracer provider for both (`Telemetry::builder().tracer_provider(..)`), and the layer's
//! context activation, which is on by default: the layer makes its span current while it is entered, and a new `tracing`
//! span without a `tracing` parent goes under what is current.

use opentelemetry::trace::{SpanId, TraceContextExt, Tracer, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use traced::traced;
use tracing_subscriber::layer::SubscriberExt;

#[traced]
fn traced_leaf() {}

#[tracing::instrument]
fn tracing_leaf() {}

#[tracing::instrument]
fn tracing_around_traced() {
    traced_leaf();
}

#[traced]
fn traced_around_tracing() {
    tracing_leaf();
}

#[tracing::instrument]
async fn tracing_around_traced_async() {
    tokio::task::yield_now().await;
    traced_around_tracing_async().await;
}

#[traced]
async fn traced_around_tracing_async() {
    tokio::task::yield_now().await;
    tracing_leaf();
    traced_leaf();
}

fn named<'a>(spans: &'a [SpanData], name: &str) -> &'a SpanData {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name} among {spans:#?}"))
}

#[track_caller]
fn is_under(spans: &[SpanData], child: &str, parent: &str) {
    let (child, parent) = (named(spans, child), named(spans, parent));
    assert_eq!(child.parent_span_id, parent.span_context.span_id());
    assert_eq!(child.span_context.trace_id(), parent.span_context.trace_id());
}

#[tokio::test]
async fn spans_nest_both_ways() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let telemetry = traced::Telemetry::builder().tracer_provider(provider.clone()).install().unwrap();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("tracing"));
    let _default = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let ended = || {
        let spans = exporter.get_finished_spans().unwrap();
        exporter.reset();
        spans
    };

    tracing_around_traced();
    let spans = ended();
    is_under(&spans, "traced_leaf", "tracing_around_traced");
    assert_eq!(named(&spans, "tracing_around_traced").parent_span_id, SpanId::INVALID);

    traced_around_tracing();
    is_under(&ended(), "tracing_leaf", "traced_around_tracing");

    tracing_around_traced_async().await;
    let spans = ended();
    is_under(&spans, "traced_around_tracing_async", "tracing_around_traced_async");
    is_under(&spans, "tracing_leaf", "traced_around_tracing_async");
    is_under(&spans, "traced_leaf", "traced_around_tracing_async");

    // OpenTelemetry's own API, both ways.
    provider.tracer("plain").in_span("plain", |context| {
        traced_leaf();
        assert!(context.span().is_recording());
    });
    is_under(&ended(), "traced_leaf", "plain");

    #[traced]
    fn around_plain(provider: &SdkTracerProvider) {
        provider.tracer("plain").in_span("plain", |_| ());
    }
    around_plain(&provider);
    is_under(&ended(), "plain", "around_plain");
    telemetry.shutdown().unwrap();
}
