//! Samplers and values that panic, or write where they should not: what the application gives us may do anything.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use opentelemetry::trace::{
    Link, SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer, TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{IdGenerator, SamplingDecision, SamplingResult, ShouldSample};

use super::super::Settled;
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

#[test]
fn a_sampler_that_goes_while_a_span_ends_may_write_on_that_span() {
    /// Writes on a span when it is dropped.
    #[derive(Debug, Clone)]
    struct Writes(Arc<OnceLock<Context>>);
    impl ShouldSample for Writes {
        fn should_sample(
            &self,
            _: Option<&Context>,
            _: TraceId,
            _: &str,
            _: &SpanKind,
            _: &[KeyValue],
            _: &[Link],
        ) -> SamplingResult {
            let decision = SamplingDecision::RecordAndSample;
            SamplingResult { decision, attributes: Vec::new(), trace_state: TraceState::NONE }
        }
    }
    impl Drop for Writes {
        fn drop(&mut self) {
            if let Some(context) = self.0.get() {
                context.span().set_attribute(KeyValue::new("gone", true));
            }
        }
    }

    let (recorder, place) = (Recorder::new(RecorderConfig::default()), Arc::default());
    let span = recorder.open(&mut |_| ());
    let context = span.context().clone();
    let (done, ended) = std::sync::mpsc::channel();
    // A thread that has recorded for a pipeline which is gone meets the other one when it ends a span.
    let work = move || {
        let sampler = Box::new(Writes(Arc::clone(&place)));
        let other = Recorder::new(RecorderConfig { sampler, settled: Settled::default(), ..Default::default() });
        other.open(&mut |_| ()).end();
        other.pipeline.close();
        drop(other);
        let _ = place.set(context);
        span.end();
        let _ = done.send(());
    };
    // Not joined: it would spin for ever.
    std::thread::spawn(work);
    ended.recv_timeout(std::time::Duration::from_secs(20)).expect("it ends");
    let attributes = recorder.take_one().attributes;
    assert_eq!(attributes.len(), 1, "{attributes:?}");
}

#[test]
fn a_redactor_that_panics_half_way_leaves_the_span_whole() {
    let panics = |_: &str, value: &str| if value == "bad" { panic!("in a redactor") } else { None };
    let redactor = Some(Redactor(Box::new(panics)));
    let recorder = Recorder::new(RecorderConfig { redactor, ..Default::default() });
    let span = recorder.open(&mut |_| ());
    let list = ["fine", "bad", "fine"].map(opentelemetry::StringValue::from).to_vec();
    let attribute = || KeyValue::new("list", opentelemetry::Value::Array(list.clone().into()));
    let write = |write: &dyn Fn()| assert!(catch_unwind(AssertUnwindSafe(write)).is_err());
    write(&|| span.set(&mut |fields| fields.set("list", &["fine", "bad"])));
    write(&|| span.event("event", &mut |fields| fields.set("list", &["fine", "bad"])));
    write(&|| OpenSpan::new(span.context().clone()).set(&mut |fields| fields.set("list", &["fine", "bad"])));
    write(&|| span.context().span().set_attribute(attribute()));
    span.set(&mut |fields| fields.set("after", &true));
    span.end();
    let span = recorder.take_one();
    assert_eq!(span.attributes.iter().map(|attribute| attribute.key.as_str()).collect::<Vec<_>>(), ["after"]);
    assert_eq!(span.events.len(), 0);
}
