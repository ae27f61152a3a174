//! Spans that other libraries make through OpenTelemetry's own API: all that they say arrives.

use std::time::{Duration, UNIX_EPOCH};

use opentelemetry::trace::{
    Event, Link, Span as _, SpanContext, SpanId, Status, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer,
    TracerProvider,
};
use opentelemetry::{Context, InstrumentationScope, KeyValue};

use super::*;

fn to() -> SpanContext {
    SpanContext::new(TraceId::from(7), SpanId::from(9), TraceFlags::SAMPLED, true, TraceState::NONE)
}

#[test]
fn what_a_library_says_of_its_span_arrives() {
    let recorder = Recorder::new(RecorderConfig::default());
    let scope = InstrumentationScope::builder("library")
        .with_version("1.2")
        .with_schema_url("https://example.org/scope")
        .with_attributes([KeyValue::new("part", "core")])
        .build();
    let tracer = recorder.pipeline.recording_provider().expect("it is our own").tracer_with_scope(scope);
    let at = |nanos| UNIX_EPOCH + Duration::from_nanos(nanos);
    let mut builder =
        tracer.span_builder("built").with_start_time(at(1_000)).with_links(vec![Link::with_context(to())]);
    builder.events = Some(vec![Event::new("early", at(1_500), vec![KeyValue::new("n", 1)], 0)]);
    let mut span = builder.start_with_context(&tracer, &recorder.context);
    span.add_link(to(), vec![KeyValue::new("why", "later")]);
    span.add_event_with_timestamp("late", at(2_500), vec![KeyValue::new("n", 2), KeyValue::new("m", 3)]);
    span.set_status(Status::error("broken"));
    span.set_status(Status::Unset);
    span.end_with_timestamp(at(3_000));

    let batch = recorder.own().take_all();
    let resource = Resource::new(&opentelemetry_sdk::Resource::builder_empty().build());
    let request = request(&batch.request(&resource, None));
    let scope = &request.resource_spans[0].scope_spans[0];
    assert_eq!(scope.schema_url, "https://example.org/scope");
    let of = scope.scope.as_ref().expect("a scope");
    assert_eq!((of.name.as_str(), of.version.as_str()), ("library", "1.2"));
    assert_eq!(of.attributes.iter().map(|attribute| attribute.key.as_str()).collect::<Vec<_>>(), ["part"]);
    let span = &scope.spans[0];
    assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano), (1_000, 3_000));
    let events = span.events.iter().map(|event| (event.name.as_str(), event.time_unix_nano, event.attributes.len()));
    assert_eq!(events.collect::<Vec<_>>(), [("early", 1_500, 1), ("late", 2_500, 2)]);
    let links = span.links.iter().map(|link| (link.span_id.clone(), link.attributes.len()));
    let id = to().span_id().to_bytes().to_vec();
    assert_eq!(links.collect::<Vec<_>>(), [(id.clone(), 0), (id, 1)]);
    let status = span.status.clone().unwrap_or_default();
    assert_eq!((status.code, status.message.as_str()), (2, "broken"));
}

/// `Ok` is final, and nothing unsets a status.
#[test]
fn the_status_of_the_current_span_is_set_through_its_context() {
    let recorder = Recorder::new(RecorderConfig::default());
    let span = recorder.open(&mut |_| ());
    let attached = span.context().clone().attach();
    Context::map_current(|current| {
        current.span().set_status(Status::Ok);
        current.span().set_status(Status::error("too late"));
        current.span().set_status(Status::Unset);
    });
    drop(attached);
    span.end();
    assert_eq!(recorder.take_one().status.unwrap_or_default().code, 1);
}
