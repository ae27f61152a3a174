//! From the wire back to [`SpanData`], for exporters and captures that want structures.

use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{Event, Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{Array, InstrumentationScope, KeyValue, StringValue, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use super::read::{Field, Reader};
use super::span::{IS_REMOTE, STATUS_ERROR, STATUS_OK};

/// The span that `message` is.
pub(crate) fn span(message: &[u8], scope: InstrumentationScope) -> SpanData {
    let mut ids = Ids::default();
    let mut data = SpanData {
        span_context: SpanContext::NONE,
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: Cow::Borrowed(""),
        start_time: UNIX_EPOCH,
        end_time: UNIX_EPOCH,
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: scope,
    };
    for (number, field) in Reader::new(message) {
        match number {
            1..=3 => ids.read(number, field),
            4 => data.parent_span_id = SpanId::from_bytes(array(field)),
            5 => data.name = Cow::Owned(field.text().to_owned()),
            6 => data.span_kind = span_kind(field.number()),
            7 => data.start_time = time(field.number()),
            8 => data.end_time = time(field.number()),
            9 => data.attributes.extend(key_value(field.bytes())),
            10 => data.dropped_attributes_count = field.number() as u32,
            11 => data.events.events.push(event(field.bytes())),
            12 => data.events.dropped_count = field.number() as u32,
            13 => data.links.links.push(link(field.bytes())),
            14 => data.links.dropped_count = field.number() as u32,
            15 => data.status = status(field.bytes()),
            16 => {
                ids.flags = field.number() as u32;
                data.parent_span_is_remote = ids.flags & IS_REMOTE != 0;
            }
            _ => {}
        }
    }
    // The span itself is of this process.
    ids.flags &= !IS_REMOTE;
    data.span_context = ids.span_context();
    data
}

/// Every attribute in a list that was encoded with any tag.
pub(crate) fn attributes(list: &[u8]) -> impl Iterator<Item = KeyValue> {
    Reader::new(list).filter_map(|(_, field)| key_value(field.bytes()))
}

/// The ids that spans and links start with.
#[derive(Default)]
struct Ids {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    trace_state: TraceState,
    flags: u32,
}

impl Ids {
    fn read(&mut self, number: u64, field: Field<'_>) {
        match number {
            1 => self.trace_id = array(field),
            2 => self.span_id = array(field),
            _ => self.trace_state = field.text().parse().unwrap_or_default(),
        }
    }

    fn span_context(self) -> SpanContext {
        SpanContext::new(
            TraceId::from_bytes(self.trace_id),
            SpanId::from_bytes(self.span_id),
            TraceFlags::new(self.flags as u8),
            self.flags & IS_REMOTE != 0,
            self.trace_state,
        )
    }
}

fn array<const N: usize>(field: Field<'_>) -> [u8; N] {
    field.bytes().try_into().unwrap_or([0; N])
}

fn time(nanos: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(nanos)
}

fn span_kind(number: u64) -> SpanKind {
    match number {
        2 => SpanKind::Server,
        3 => SpanKind::Client,
        4 => SpanKind::Producer,
        5 => SpanKind::Consumer,
        _ => SpanKind::Internal,
    }
}

fn status(message: &[u8]) -> Status {
    let mut code = 0;
    let mut description = "";
    for (number, field) in Reader::new(message) {
        match number {
            2 => description = field.text(),
            3 => code = field.number() as u8,
            _ => {}
        }
    }
    match code {
        STATUS_OK => Status::Ok,
        STATUS_ERROR => Status::error(description.to_owned()),
        _ => Status::Unset,
    }
}

fn event(message: &[u8]) -> Event {
    let mut event = Event::new("", UNIX_EPOCH, Vec::new(), 0);
    for (number, field) in Reader::new(message) {
        match number {
            1 => event.timestamp = time(field.number()),
            2 => event.name = Cow::Owned(field.text().to_owned()),
            3 => event.attributes.extend(key_value(field.bytes())),
            4 => event.dropped_attributes_count = field.number() as u32,
            _ => {}
        }
    }
    event
}

fn link(message: &[u8]) -> Link {
    let mut ids = Ids::default();
    let mut link = Link::with_context(SpanContext::NONE);
    for (number, field) in Reader::new(message) {
        match number {
            1..=3 => ids.read(number, field),
            4 => link.attributes.extend(key_value(field.bytes())),
            5 => link.dropped_attributes_count = field.number() as u32,
            6 => ids.flags = field.number() as u32,
            _ => {}
        }
    }
    link.span_context = ids.span_context();
    link
}

fn key_value(message: &[u8]) -> Option<KeyValue> {
    let mut key = "";
    let mut value = None;
    for (number, field) in Reader::new(message) {
        match number {
            1 => key = field.text(),
            2 => value = any_value(field.bytes()),
            _ => {}
        }
    }
    Some(KeyValue::new(key.to_owned(), value?))
}

fn any_value(message: &[u8]) -> Option<Value> {
    let (number, field) = Reader::new(message).field()?;
    Some(match number {
        1 => Value::String(field.text().to_owned().into()),
        2 => Value::Bool(field.number() != 0),
        3 => Value::I64(field.number() as i64),
        4 => Value::F64(f64::from_bits(field.number())),
        5 => Value::Array(array_value(field.bytes())),
        _ => return None,
    })
}

/// An array is of one type, which its first element shows; that of an empty one is not on the wire.
fn array_value(message: &[u8]) -> Array {
    let elements = || Reader::new(message).filter_map(|(_, field)| any_value(field.bytes()));
    macro_rules! all {
        ($case:ident) => {
            elements().filter_map(|value| if let Value::$case(value) = value { Some(value) } else { None }).collect()
        };
    }
    match elements().next() {
        Some(Value::Bool(_)) => Array::Bool(all!(Bool)),
        Some(Value::I64(_)) => Array::I64(all!(I64)),
        Some(Value::F64(_)) => Array::F64(all!(F64)),
        _ => {
            let values: Vec<StringValue> = all!(String);
            Array::String(values)
        }
    }
}
