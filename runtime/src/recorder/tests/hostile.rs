//! Samplers and values that panic, or write where they should not: what the application gives us may do anything.

use std::panic::{AssertUnwindSafe, catch_unwind};

use opentelemetry::trace::{
    Link, SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer, TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{IdGenerator, SamplingDecision, SamplingResult, ShouldSample};

use super::super::config::Redactor;
use super::*;

/// Opens a span, which panics; says how many spans are taken to be open then.
#[track_caller]
fn open_after_panic(recorder: &Recorder, opening: impl FnOnce()) -> u64 {
    assert!(catch_unwind(AssertUnwindSafe(opening)).is_err());
    recorder.pipeline.totals().open
}

fn link() -> Link {
    let to = SpanContext::new(TraceId::from(1), SpanId::from(1), TraceFlags::SAMPLED, false, TraceState::NONE);
    Link::new(to, vec![KeyValue::new("bad", "text")], 0)
}

#[test]
fn a_span_whose_opening_panics_is_not_open() {
    let recorder = Recorder::new(RecorderConfig::default());
    assert_eq!(open_after_panic(&recorder, || drop(recorder.open(&mut |_| panic!("in an expression")))), 0);

    let redactor = Redactor(Box::new(|key, _| if key == "bad" { panic!("in a redactor") } else { None }));
    let recorder = Recorder::new(RecorderConfig { redactor: Some(redactor), ..Default::default() });
    let attached = recorder.context.clone().attach();
    let mut nothing = |_: &mut Fields<'_>| ();
    let mut start = Start::new(&SITE, &mut nothing);
    start.links = vec![link()];
    assert_eq!(open_after_panic(&recorder, || drop(open(start))), 0);
    let tracer = recorder.pipeline.recording_provider().expect("it is our own").tracer("library");
    let builder = tracer.span_builder("library").with_attributes([KeyValue::new("bad", "text")]);
    assert_eq!(open_after_panic(&recorder, || drop(builder.start(&tracer))), 0);
    drop(attached);

    #[derive(Debug)]
    struct NoIds;
    impl IdGenerator for NoIds {
        fn new_trace_id(&self) -> TraceId {
            TraceId::from(1)
        }

        fn new_span_id(&self) -> SpanId {
            panic!("out of ids")
        }
    }
    let recorder = Recorder::new(RecorderConfig { id_generator: Some(Box::new(NoIds)), ..Default::default() });
    assert_eq!(open_after_panic(&recorder, || drop(recorder.open(&mut |_| ()))), 0);
    assert_eq!(recorder.take().len(), 0);
}
