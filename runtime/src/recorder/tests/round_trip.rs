//! Random spans, from the calls that make them to what a collector reads.

use std::fmt::Display;

use opentelemetry::trace::{
    Link, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Wire;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue as WireKeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_sdk::trace::SpanLimits;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
struct Model {
    renamed: Vec<String>,
    entry: Vec<Attribute>,
    later: Vec<Attribute>,
    through_context: Vec<Attribute>,
    events: Vec<(String, Vec<Attribute>)>,
    links: Vec<(u128, u64, bool, bool, Vec<Attribute>)>,
    status: Status,
    limits: SpanLimits,
    value_length: Option<usize>,
}

#[derive(Debug, Clone)]
struct Attribute {
    key: String,
    value: Value,
    /// Written through its `Display` form.
    display: bool,
}

/// Few enough keys for repetitions, some of which share their bit in the recorder's sieve.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..20u8).prop_map(|n| format!("key.{n}")),
        Just("aXb".to_owned()),
        Just("aYb".to_owned()),
        Just("k".repeat(200)),
        Just("schlüssel".to_owned()),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-zé€🦀]{0,300}",
        Just(String::new()),
        Just("\u{0}\u{10ffff}\u{feff}".to_owned()),
        (100..140usize).prop_map(|n| "x".repeat(n)),
        (16_370..16_390usize).prop_map(|n| "y".repeat(n)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop_oneof![Just(0), Just(-1), Just(i64::MIN), Just(i64::MAX), Just(127), Just(128)].prop_map(Value::from),
        // Every NaN as well.
        any::<u64>().prop_map(|bits| Value::from(f64::from_bits(bits))),
        prop_oneof![Just(f64::NAN), Just(-f64::NAN), Just(-0.0), Just(f64::NEG_INFINITY)].prop_map(Value::from),
        text().prop_map(Value::from),
        vec(any::<bool>(), 0..5).prop_map(|v| Value::Array(Array::Bool(v))),
        vec(any::<i64>(), 0..5).prop_map(|v| Value::Array(Array::I64(v))),
        vec(any::<u64>().prop_map(f64::from_bits), 0..40).prop_map(|v| Value::Array(Array::F64(v))),
        vec(Just(-f64::NAN), 1..3).prop_map(|v| Value::Array(Array::F64(v))),
        vec(text().prop_map(StringValue::from), 0..4).prop_map(|v| Value::Array(Array::String(v))),
    ]
}

fn attributes() -> impl Strategy<Value = Vec<Attribute>> {
    let attribute = (key(), value(), any::<bool>());
    vec(attribute.prop_map(|(key, value, display)| Attribute { key, value, display }), 0..12)
}

prop_compose! {
    fn limits()(
        max_attributes_per_span in prop_oneof![Just(128u32), 0..8u32],
        max_events_per_span in prop_oneof![Just(128u32), 0..3u32],
        max_links_per_span in prop_oneof![Just(128u32), 0..3u32],
        max_attributes_per_event in prop_oneof![Just(128u32), 0..3u32],
        max_attributes_per_link in prop_oneof![Just(128u32), 0..3u32],
    ) -> SpanLimits {
        SpanLimits {
            max_events_per_span,
            max_attributes_per_span,
            max_links_per_span,
            max_attributes_per_event,
            max_attributes_per_link,
        }
    }
}

prop_compose! {
    fn model()(
        renamed in vec("[a-zé🦀]{0,200}", 0..4),
        entry in attributes(),
        later in attributes(),
        through_context in attributes(),
        events in vec((text(), attributes()), 0..4),
        links in vec((1..u128::MAX, 1..u64::MAX, any::<bool>(), any::<bool>(), attributes()), 0..4),
        status in prop_oneof![Just(Status::Unset), Just(Status::Ok), text().prop_map(Status::error)],
        limits in limits(),
        value_length in proptest::option::of(0..20usize),
    ) -> Model {
        Model { renamed, entry, later, through_context, events, links, status, limits, value_length }
    }
}

/// Writes as a traced function does.
fn write(list: &[Attribute], fields: &mut Fields<'_>) {
    for attribute in list {
        match &attribute.value {
            Value::String(text) if attribute.display => {
                struct Show<'a>(&'a str);
                impl Display for Show<'_> {
                    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        // In pieces, as most types are displayed.
                        self.0.chars().try_for_each(|c| write!(f, "{c}"))
                    }
                }
                struct Shown<'a>(&'a str);
                impl crate::Value for Shown<'_> {
                    fn record(&self, slot: crate::Slot<'_>) {
                        slot.display(&Show(self.0));
                    }
                }
                fields.set_dynamic(&attribute.key, &Shown(text.as_str()));
            }
            value => fields.set_dynamic(&attribute.key, value),
        }
    }
}

/// What a list of writes comes to: the attributes that are kept, and how many writes were not.
fn expected(writes: &[&[Attribute]], max: u32, length: Option<usize>) -> (Vec<WireKeyValue>, u32) {
    let mut kept: Vec<WireKeyValue> = Vec::new();
    let mut dropped = 0;
    for attribute in writes.iter().copied().flatten() {
        let value = Some(wire(&attribute.value, length));
        match kept.iter().position(|known| known.key == attribute.key) {
            Some(at) => kept[at].value = value,
            None if kept.len() < max as usize => {
                kept.push(WireKeyValue { key: attribute.key.clone(), value, ..Default::default() });
            }
            None => dropped += 1,
        }
    }
    (kept, dropped)
}

fn clipped(text: &str, length: Option<usize>) -> String {
    text.chars().take(length.unwrap_or(usize::MAX)).collect()
}

fn wire(value: &Value, length: Option<usize>) -> AnyValue {
    let array = |values: Vec<Wire>| {
        let values = values.into_iter().map(|value| AnyValue { value: Some(value) }).collect();
        Wire::ArrayValue(ArrayValue { values })
    };
    let value = match value {
        Value::Bool(value) => Wire::BoolValue(*value),
        Value::I64(value) => Wire::IntValue(*value),
        Value::F64(value) => Wire::DoubleValue(*value),
        Value::String(value) => Wire::StringValue(clipped(value.as_str(), length)),
        Value::Array(Array::Bool(values)) => array(values.iter().copied().map(Wire::BoolValue).collect()),
        Value::Array(Array::I64(values)) => array(values.iter().copied().map(Wire::IntValue).collect()),
        Value::Array(Array::F64(values)) => array(values.iter().copied().map(Wire::DoubleValue).collect()),
        Value::Array(Array::String(values)) => {
            array(values.iter().map(|value| Wire::StringValue(clipped(value.as_str(), length))).collect())
        }
        other => panic!("no such value is generated: {other:?}"),
    };
    AnyValue { value: Some(value) }
}

/// Makes the span that `model` describes. Gives what a collector and what an exporter sees of it.
fn record(model: &Model) -> (Span, opentelemetry_sdk::trace::SpanData) {
    let limits = model.limits;
    let recorder = Recorder::new(RecorderConfig { limits, value_length: model.value_length, ..Default::default() });
    let span = recorder.open(&mut |fields| write(&model.entry, fields));
    let in_context = span.context().span();
    // One name before what stands behind it, the others after.
    if let Some(name) = model.renamed.first() {
        span.update_name(name.clone());
    }
    span.set(&mut |fields| write(&model.later, fields));
    // As any OpenTelemetry library would, and as `current()` does.
    for (number, attribute) in model.through_context.iter().enumerate() {
        if number % 2 == 0 {
            in_context.set_attribute(KeyValue::new(attribute.key.clone(), attribute.value.clone()));
        } else {
            OpenSpan::new(span.context().clone()).set(&mut |fields| write(std::slice::from_ref(attribute), fields));
        }
    }
    for (number, (name, attributes)) in model.events.iter().enumerate() {
        let key_values = || attributes.iter().map(|a| KeyValue::new(a.key.clone(), a.value.clone())).collect();
        match number % 3 {
            0 => span.event(name.clone(), &mut |fields| write(attributes, fields)),
            1 => OpenSpan::new(span.context().clone()).event(name.clone(), &mut |fields| write(attributes, fields)),
            _ => in_context.add_event(name.clone(), key_values()),
        }
    }
    for (trace_id, span_id, sampled, remote, attributes) in &model.links {
        let attributes = attributes.iter().map(|a| KeyValue::new(a.key.clone(), a.value.clone())).collect();
        let Link { span_context, attributes, .. } = link(*trace_id, *span_id, *sampled, *remote, attributes);
        in_context.add_link(span_context, attributes);
    }
    for name in model.renamed.iter().skip(1) {
        span.update_name(name.clone());
    }
    span.set_status(model.status.clone());
    span.end();
    span.set(&mut |_| panic!("an ended span evaluates nothing"));

    let batch = recorder.own().take_all();
    let bytes = batch.request(&Resource::new(&opentelemetry_sdk::Resource::builder_empty().build()), None);
    (spans(&bytes).remove(0), batch.decode().remove(0))
}

fn link(trace_id: u128, span_id: u64, sampled: bool, remote: bool, attributes: Vec<KeyValue>) -> Link {
    let flags = TraceFlags::default().with_sampled(sampled);
    let state: TraceState = "vendor=1,other=2".parse().expect("a trace state");
    let to = SpanContext::new(TraceId::from(trace_id), SpanId::from(span_id), flags, remote, state);
    Link::new(to, attributes, 0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 256 }, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_collector_reads_what_was_written(model in model()) {
        let (span, data) = record(&model);
        let limits = model.limits;
        let length = model.value_length;

        prop_assert_eq!(&span.name, model.renamed.last().map_or("site", String::as_str));
        let writes = [&model.entry[..], &model.later, &model.through_context];
        let (attributes, dropped) = expected(&writes, limits.max_attributes_per_span, length);
        same(&span.attributes, &attributes)?;
        prop_assert_eq!(span.dropped_attributes_count, dropped);

        let kept = model.events.len().min(limits.max_events_per_span as usize);
        prop_assert_eq!(span.events.len(), kept);
        prop_assert_eq!(span.dropped_events_count as usize, model.events.len() - kept);
        for (event, (name, attributes)) in span.events.iter().zip(&model.events) {
            let (attributes, dropped) = expected(&[attributes], limits.max_attributes_per_event, length);
            prop_assert_eq!(&event.name, name);
            same(&event.attributes, &attributes)?;
            prop_assert_eq!(event.dropped_attributes_count, dropped);
            prop_assert!(event.time_unix_nano >= span.start_time_unix_nano);
        }

        let kept = model.links.len().min(limits.max_links_per_span as usize);
        prop_assert_eq!(span.links.len(), kept);
        prop_assert_eq!(span.dropped_links_count as usize, model.links.len() - kept);
        for (read, (trace_id, span_id, sampled, remote, attributes)) in span.links.iter().zip(&model.links) {
            prop_assert_eq!(&read.trace_id[..], &trace_id.to_be_bytes()[..]);
            prop_assert_eq!(&read.span_id[..], &span_id.to_be_bytes()[..]);
            prop_assert_eq!(&read.trace_state, "vendor=1,other=2");
            prop_assert_eq!(read.flags, u32::from(*sampled) | 0x100 | if *remote { 0x200 } else { 0 });
            let (attributes, dropped) = expected(&[attributes], limits.max_attributes_per_link, length);
            same(&read.attributes, &attributes)?;
            prop_assert_eq!(read.dropped_attributes_count, dropped);
        }

        let status = span.status.clone().unwrap_or_default();
        let (code, message) = match &model.status {
            Status::Unset => (0, String::new()),
            Status::Ok => (1, String::new()),
            Status::Error { description } => (2, description.to_string()),
        };
        prop_assert_eq!((status.code, status.message), (code, message));
        prop_assert_eq!(span.kind, 1);
        prop_assert_eq!(span.flags, 0x101);
        prop_assert_eq!(span.parent_span_id.len(), 0);
        prop_assert!(span.end_time_unix_nano >= span.start_time_unix_nano);

        // What an exporter of the SDK's is given comes to the same on the wire.
        let again = Span::from(data);
        same(&again.attributes, &span.attributes)?;
        let without = |span: &Span| Span { attributes: Vec::new(), events: Vec::new(), links: Vec::new(), ..span.clone() };
        let plain = |mut span: Span| {
            // The transformation writes an unset status out.
            span.status = span.status.filter(|status| status.code != 0);
            span
        };
        prop_assert_eq!(plain(without(&again)), plain(without(&span)));
        for (again, event) in again.events.iter().zip(&span.events) {
            same(&again.attributes, &event.attributes)?;
            prop_assert_eq!((&again.name, again.time_unix_nano), (&event.name, event.time_unix_nano));
        }
        for (again, link) in again.links.iter().zip(&span.links) {
            same(&again.attributes, &link.attributes)?;
            prop_assert_eq!((&again.trace_state, again.flags), (&link.trace_state, link.flags));
        }
    }
}

/// The same keys in the same order, and values that are equal bit for bit: NaN is.
fn same(read: &[WireKeyValue], expected: &[WireKeyValue]) -> Result<(), TestCaseError> {
    let bits = |list: &[WireKeyValue]| list.iter().map(Message::encode_to_vec).collect::<Vec<_>>();
    prop_assert_eq!(bits(read), bits(expected), "{:?}\n{:?}", read, expected);
    Ok(())
}

#[test]
fn kind_parent_trace_state_scope_and_resource_are_on_the_wire() {
    static FUNCTION: crate::span::FunctionName = crate::span::FunctionName::new(|| "scope::path::client::marker");
    static MORE: crate::span::More =
        crate::span::More { scope: None, function: None, code: Some((&FUNCTION, "file.rs", 7)) };
    static CLIENT: Site = Site::new("client", "scope::path").with_kind(SpanKind::Client).with(&MORE);
    let recorder = Recorder::new(RecorderConfig::default());
    let state: TraceState = "vendor=1".parse().expect("a trace state");
    let flags = TraceFlags::SAMPLED;
    let remote = SpanContext::new(TraceId::from(0xabc), SpanId::from(0xdef), flags, true, state);
    let parent = recorder.context.with_remote_span_context(remote);
    let attached = parent.attach();
    open(Start::new(&CLIENT, &mut |_| ())).open().expect("it is recorded").end();
    drop(attached);

    let batch = recorder.own().take_all();
    let resource = opentelemetry_sdk::Resource::builder_empty()
        .with_schema_url([KeyValue::new("service.name", "shop")], "https://example.org/schema")
        .build();
    let request = request(&batch.request(&Resource::new(&resource), None));
    let resource = &request.resource_spans[0];
    assert_eq!(resource.schema_url, "https://example.org/schema");
    let named = &resource.resource.as_ref().expect("a resource").attributes[0];
    assert_eq!((named.key.as_str(), named.value.clone()), ("service.name", Some(wire(&"shop".into(), None))));
    let scope = &resource.scope_spans[0];
    assert_eq!(scope.scope.as_ref().expect("a scope").name, "scope::path");
    let span = &scope.spans[0];
    assert_eq!((span.kind, span.flags, span.trace_state.as_str()), (3, 0x301, "vendor=1"));
    assert_eq!(span.trace_id, 0xabc_u128.to_be_bytes());
    assert_eq!(span.parent_span_id, 0xdef_u64.to_be_bytes());
    let keys: Vec<&str> = span.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    assert_eq!(keys, ["code.function.name", "code.file.path", "code.line.number"]);
}
