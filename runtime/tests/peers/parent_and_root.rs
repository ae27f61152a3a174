//! Row "parent / new root" of the survey of peers. Not in fastrace, apollo-opentelemetry-macros,
//! opentelemetry-traceable, foundations. Partly in otel-instrument, Java.

use opentelemetry::Context;
use opentelemetry::trace::SpanId;
use traced::testing::capture_async;
use traced::traced;

#[traced]
fn outer() -> Context {
    root();
    Context::current()
}

#[traced(root)]
fn root() {}

#[traced(parent = parent)]
async fn under(parent: &Context) {}

#[tokio::test]
async fn a_span_goes_under_a_given_parent_or_under_none() {
    let ((), spans) = capture_async(async {
        let context = outer();
        under(&context).await;
    })
    .await;
    let outer = spans.named("outer");
    assert_eq!(spans.named("root").parent_span_id, SpanId::INVALID);
    assert_ne!(spans.named("root").span_context.trace_id(), outer.span_context.trace_id());
    assert_eq!(spans.named("under").parent_span_id, outer.span_id());
}
