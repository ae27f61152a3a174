//! How long keys, names and descriptions may be: none is without a limit, since no memory is.

use opentelemetry::trace::{
    Event, Link, Span as _, SpanKind, Status, TraceContextExt, TraceId, Tracer, TracerProvider,
};
use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Wire;
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};

use super::super::wire::{ValueLimit, ValueRules};
use super::*;

/// The longest key that is kept, and one that is longer.
fn keys() -> [String; 2] {
    [64 * 1024, 64 * 1024 + 1].map(|len| "k".repeat(len))
}

/// Attributes under `key`, of every type.
fn of_every_type(key: &str) -> Vec<KeyValue> {
    let values = [
        Value::Bool(true),
        Value::I64(1),
        Value::F64(1.5),
        Value::String("text".into()),
        Value::Array(Array::Bool(vec![true])),
        Value::Array(Array::I64(vec![1])),
        Value::Array(Array::F64(vec![1.5])),
        Value::Array(Array::String(vec![StringValue::from("text")])),
    ];
    values.map(|value| KeyValue::new(key.to_owned(), value)).into()
}

/// An attribute whose key is too long is not there, and is counted; nothing of it stays in memory.
#[test]
fn a_key_longer_than_64_kib_drops_its_attribute_whatever_the_value() {
    let [longest, longer] = keys();
    for attribute in of_every_type(&longer) {
        for redacts in [false, true] {
            let redactor = redacts.then(|| super::super::config::Redactor(Box::new(|_, _| None)));
            let recorder = Recorder::new(RecorderConfig { redactor, ..Default::default() });
            let span = recorder.open(&mut |fields| {
                fields.set_dynamic(&longer, &1i64);
                fields.set_dynamic(&longest, &2i64);
                fields.prefixed(&longest).fields().slot("x").display(&3);
            });
            span.set(&mut |fields| fields.prefixed(&longest).fields().set("x", "text"));
            span.context().span().set_attribute(attribute.clone());
            span.set(&mut |fields| fields.set("short", &4i64));
            span.end();
            let span = recorder.take_one();
            let kept: Vec<_> = span.attributes.iter().map(|attribute| attribute.key.len()).collect();
            assert_eq!((kept, span.dropped_attributes_count), (vec![64 * 1024, 5], 4), "{:?}", attribute.value);
        }
    }
}

/// Of a span, its events and its links, whoever writes them, and how.
#[test]
fn a_key_longer_than_64_kib_drops_its_attribute_wherever_it_stands() {
    /// Adds attributes of its own.
    #[derive(Debug, Clone)]
    struct Adds(Vec<KeyValue>);
    impl ShouldSample for Adds {
        fn should_sample(
            &self,
            _: Option<&Context>,
            _: TraceId,
            _: &str,
            _: &SpanKind,
            _: &[KeyValue],
            _: &[Link],
        ) -> SamplingResult {
            let (decision, trace_state) = (SamplingDecision::RecordAndSample, Default::default());
            SamplingResult { decision, attributes: self.0.clone(), trace_state }
        }
    }
    let [_, longer] = keys();
    let attributes = || vec![KeyValue::new(longer.clone(), 1), KeyValue::new("short", 2)];
    let added = vec![KeyValue::new(longer.clone(), 1), KeyValue::new("added", 2)];
    for sampler_sees_attributes in [false, true] {
        let sampler = Box::new(Adds(added.clone()));
        let config = RecorderConfig { sampler, sampler_sees_attributes, ..Default::default() };
        let recorder = Recorder::new(config);

        let span = recorder.open(&mut |fields| fields.set_dynamic(&longer, &1i64));
        let to = span.span_context();
        span.event("macro", &mut |fields| {
            fields.set_dynamic(&longer, &1i64);
            fields.set("short", &2i64);
        });
        span.context().span().add_event("api", attributes());
        span.context().span().add_link(to.clone(), attributes());
        // By way of its context alone, as `event!` and `attr!` do where the span was opened elsewhere.
        span.clone().set(&mut |fields| fields.set_dynamic(&longer, &1i64));
        span.clone().event("current", &mut |fields| {
            fields.set_dynamic(&longer, &1i64);
            fields.set("short", &2i64);
        });
        span.end();
        check(&recorder, 3, 1);

        let _attached = recorder.context.clone().attach();
        let mut write = |fields: &mut Fields<'_>| fields.set_dynamic(&longer, &1i64);
        let mut start = Start::new(&SITE, &mut write);
        start.links = vec![Link::new(to.clone(), attributes(), 0)];
        drop(open(start));
        check(&recorder, 2, 1);

        let tracer = recorder.pipeline.recording_provider().expect("it is our own").tracer("library");
        let mut builder = tracer.span_builder("built").with_attributes([KeyValue::new(longer.clone(), 1)]);
        builder = builder.with_links(vec![Link::new(to, attributes(), 0)]);
        builder.events = Some(vec![Event::new("early", std::time::SystemTime::now(), attributes(), 0)]);
        builder.start(&tracer).end();
        check(&recorder, 2, 1);
    }

    /// The spans have what the sampler added, so many attributes less, and one in each event and link.
    #[track_caller]
    fn check(recorder: &Recorder, dropped: u32, links: usize) {
        let span = recorder.take_one();
        let keys: Vec<_> = span.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
        assert_eq!((keys, span.dropped_attributes_count), (vec!["added"], dropped));
        assert_eq!(span.links.len(), links);
        let links = span.links.iter().map(|link| (&link.attributes, link.dropped_attributes_count));
        let events = span.events.iter().map(|event| (&event.attributes, event.dropped_attributes_count));
        for (attributes, dropped) in links.chain(events) {
            assert_eq!((attributes.len(), attributes[0].key.as_str(), dropped), (1, "short", 1));
        }
    }
}

#[test]
fn a_key_that_is_too_long_takes_the_place_of_none_at_the_limit() {
    let [_, longer] = keys();
    let mut config = RecorderConfig::default();
    config.limits.max_attributes_per_span = 2;
    let recorder = Recorder::new(config);
    let span = recorder.open(&mut |fields| fields.set("a", &1i64));
    span.set(&mut |fields| {
        fields.set_dynamic(&longer, &1i64);
        fields.set("b", &2i64);
        fields.set_dynamic(&longer, &1i64);
        fields.set("c", &3i64);
        fields.set("a", &4i64);
    });
    span.context().span().set_attribute(KeyValue::new(longer, 1));
    span.end();
    let span = recorder.take_one();
    let kept: Vec<_> = span.attributes.into_iter().map(|it| (it.key, it.value.and_then(|it| it.value))).collect();
    let value = |number| Some(Wire::IntValue(number));
    assert_eq!(kept, [("a".to_owned(), value(4)), ("b".to_owned(), value(2))]);
    assert_eq!(span.dropped_attributes_count, 4);
}

/// Also one that a library has leaked, which is no literal.
#[test]
fn a_name_that_a_library_gives_is_cut_like_any_other() {
    let recorder = Recorder::new(RecorderConfig::default());
    let tracer = recorder.pipeline.recording_provider().expect("it is our own").tracer("library");
    let _attached = recorder.context.clone().attach();
    let leaked: &'static str = Box::leak("é".repeat(40_000).into_boxed_str());
    let mut nothing = |_: &mut Fields<'_>| ();
    let mut start = Start::new(&SITE, &mut nothing);
    start.name = Some(leaked.into());
    drop(open(start));
    tracer.start(leaked).end();
    tracer.start(leaked.to_owned()).end();
    for span in recorder.take() {
        assert_eq!(span.name.chars().count(), 32 * 1024);
    }
}

/// What is cut off is given back at once, and not only when the span ends.
#[test]
fn a_description_that_is_cut_holds_no_more_memory_than_is_shown() {
    let redact = |_: &str, value: &str| value.starts_with('r').then(|| "r".repeat(1_000_000));
    let rules = ValueRules::new(ValueLimit::default(), Some(Box::new(redact)));
    let mut roomy = String::with_capacity(1_000_000);
    roomy.push_str("short");
    for description in ["x".repeat(1_000_000), "r".to_owned(), roomy] {
        let shown = description.len().min(64 * 1024);
        let Status::Error { description } = rules.status(Status::error(description)) else { panic!("it is one") };
        let std::borrow::Cow::Owned(text) = description else { panic!("it was owned") };
        assert!(text.len() >= shown && text.capacity() <= 64 * 1024, "{} {}", text.len(), text.capacity());
    }
}
