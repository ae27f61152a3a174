//! Captured spans, to be asserted on.

use std::ops::Deref;
use std::time::SystemTime;

use opentelemetry::trace::{Link, SpanContext, SpanId, SpanKind, Status};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::trace::SpanData;

/// The spans of a capture, in the order in which they ended. Dereferences to a slice.
#[derive(Debug, Clone)]
pub struct Spans(Vec<CapturedSpan>);

/// One span, as it was exported.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CapturedSpan {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: SpanKind,
    /// Its ids and flags.
    pub span_context: SpanContext,
    /// The span that it nests under; [`SpanId::INVALID`] for the root of a trace.
    pub parent_span_id: SpanId,
    /// Its attributes, in the order in which they were set.
    pub attributes: Vec<KeyValue>,
    /// Its events.
    pub events: Vec<CapturedEvent>,
    /// Its links to other spans.
    pub links: Vec<Link>,
    /// Its status.
    pub status: Status,
    /// The name of its instrumentation scope.
    pub scope: String,
    /// When it started.
    pub start_time: SystemTime,
    /// When it ended.
    pub end_time: SystemTime,
}

/// One event of a span.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CapturedEvent {
    /// Its name.
    pub name: String,
    /// Its attributes.
    pub attributes: Vec<KeyValue>,
}

fn find<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    attributes.iter().find(|kv| kv.key.as_str() == key).map(|kv| &kv.value)
}

impl CapturedSpan {
    /// The value of the attribute `key`.
    pub fn attribute(&self, key: &str) -> Option<&Value> {
        find(&self.attributes, key)
    }

    /// The first event named `name`.
    pub fn event(&self, name: &str) -> Option<&CapturedEvent> {
        self.events.iter().find(|event| event.name == name)
    }

    /// Its own id.
    pub fn span_id(&self) -> SpanId {
        self.span_context.span_id()
    }
}

impl CapturedEvent {
    /// The value of the attribute `key`.
    pub fn attribute(&self, key: &str) -> Option<&Value> {
        find(&self.attributes, key)
    }
}

impl Spans {
    pub(super) fn new(spans: Vec<SpanData>) -> Self {
        Self(spans.into_iter().map(CapturedSpan::from).collect())
    }

    /// The first span named `name` that ended.
    ///
    /// # Panics
    ///
    /// If there is none; the message lists those that there are.
    #[track_caller]
    pub fn named(&self, name: &str) -> &CapturedSpan {
        self.iter().find(|span| span.name == name).unwrap_or_else(|| {
            let names: Vec<&str> = self.iter().map(|span| span.name.as_str()).collect();
            panic!("no span named {name:?} among {names:?}")
        })
    }

    /// The spans that nest directly under `span`.
    pub fn children<'a>(&'a self, span: &'a CapturedSpan) -> impl Iterator<Item = &'a CapturedSpan> {
        self.iter().filter(move |child| child.parent_span_id == span.span_id())
    }
}

impl Deref for Spans {
    type Target = [CapturedSpan];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl From<SpanData> for CapturedSpan {
    fn from(span: SpanData) -> Self {
        let event = |event: opentelemetry::trace::Event| CapturedEvent {
            name: event.name.into_owned(),
            attributes: event.attributes,
        };
        Self {
            name: span.name.into_owned(),
            kind: span.span_kind,
            span_context: span.span_context,
            parent_span_id: span.parent_span_id,
            attributes: span.attributes,
            events: span.events.events.into_iter().map(event).collect(),
            links: span.links.links,
            status: span.status,
            scope: span.instrumentation_scope.name().to_owned(),
            start_time: span.start_time,
            end_time: span.end_time,
        }
    }
}
