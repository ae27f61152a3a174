//! The span object that OpenTelemetry's contexts hold.

use std::borrow::Cow;
use std::time::SystemTime;

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span, SpanContext, Status};

use super::raw::Owner;
use super::record::Record;
use super::{clock, handover};

/// A span of ours, as OpenTelemetry's contexts hold it: through it `Context::current().span()` is live.
#[derive(Debug)]
pub(crate) struct RecordedSpan(Inner);

#[derive(Debug)]
enum Inner {
    Recording(Owner),
    NotRecording(Box<SpanContext>),
}

impl RecordedSpan {
    #[inline]
    pub(super) fn recording(record: Owner) -> Self {
        Self(Inner::Recording(record))
    }

    /// A span that nobody records: it carries its ids on.
    pub(super) fn not_recording(span_context: SpanContext) -> Self {
        Self(Inner::NotRecording(Box::new(span_context)))
    }

    #[inline]
    fn record(&self) -> Option<&Record> {
        match &self.0 {
            Inner::Recording(record) => Some(record),
            Inner::NotRecording(_) => None,
        }
    }
}

impl Span for RecordedSpan {
    fn add_event_with_timestamp<T>(&mut self, name: T, timestamp: SystemTime, attributes: Vec<KeyValue>)
    where
        T: Into<Cow<'static, str>>,
    {
        if let Some(record) = self.record() {
            let mut list = record.limits.attributes_of_event();
            list.key_values(&attributes);
            record.add_event(&name.into(), clock::nanos(timestamp), &mut list);
        }
    }

    #[inline]
    fn span_context(&self) -> &SpanContext {
        match &self.0 {
            Inner::Recording(record) => &record.span_context,
            Inner::NotRecording(span_context) => span_context,
        }
    }

    fn is_recording(&self) -> bool {
        let Some(record) = self.record() else { return false };
        handover::answer(record);
        record.is_recording()
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        if let Some(record) = self.record() {
            record.set_attribute(&attribute);
        }
    }

    fn set_status(&mut self, status: Status) {
        if let Some(record) = self.record() {
            record.set_status(status);
        }
    }

    fn update_name<T>(&mut self, new_name: T)
    where
        T: Into<Cow<'static, str>>,
    {
        if let Some(record) = self.record() {
            record.update_name(&new_name.into());
        }
    }

    fn add_link(&mut self, span_context: SpanContext, attributes: Vec<KeyValue>) {
        if let Some(record) = self.record() {
            record.add_link(&span_context, &attributes);
        }
    }

    fn end_with_timestamp(&mut self, timestamp: SystemTime) {
        if let Some(record) = self.record() {
            record.end(Some(clock::nanos(timestamp)));
        }
    }

    fn end(&mut self) {
        if let Some(record) = self.record() {
            record.end(None);
        }
    }
}
