//! Row "links" of the survey of peers. Not in fastrace, apollo-opentelemetry-macros, otel-instrument,
//! opentelemetry-traceable, foundations, Java.

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use traced::testing::capture;
use traced::traced;

#[traced(links(first, ..others))]
fn batch(first: &SpanContext, others: &[SpanContext]) {}

#[test]
fn a_span_links_to_others() {
    let context = |id| {
        let (trace, span) = (TraceId::from(id), SpanId::from(9));
        SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::default())
    };
    let ((), spans) = capture(|| batch(&context(1), &[context(2), SpanContext::empty_context()]));
    let linked: Vec<TraceId> = spans[0].links.iter().map(|link| link.span_context.trace_id()).collect();
    assert_eq!(linked, [TraceId::from(1), TraceId::from(2)], "an invalid context is no link");
}
