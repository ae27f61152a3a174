//! The span that is current.

use std::borrow::Cow;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, Status, TraceId};

use crate::Value;
use crate::recorder::OpenSpan;
use crate::value::Fields;

/// The span that is current where it was asked for: made by [`current`].
///
/// It stays the same span when it is sent elsewhere. When no span is current, or the span has ended, or nobody records
/// it, every write is ignored and the ids are those of the context that is current (all zeros when there is none).
#[derive(Debug, Clone)]
pub struct Current(OpenSpan);

/// The span that is current, whoever opened it: a traced function, `span!`, or any other OpenTelemetry library.
///
/// ```
/// # let (answer, spans) = traced::testing::capture(|| {
/// #[traced::traced]
/// fn total(prices: &[f64]) -> f64 {
///     traced::current().set_attribute("prices.count", &prices.len());
///     prices.iter().sum()
/// }
/// # total(&[1.0, 2.0])
/// # });
/// # assert_eq!(answer, 3.0);
/// # assert_eq!(spans[0].attribute("prices.count"), Some(&2.into()));
/// ```
pub fn current() -> Current {
    Current(OpenSpan::new(Context::current()))
}

impl Current {
    /// Sets an attribute.
    pub fn set_attribute<V: Value + ?Sized>(&self, key: &'static str, value: &V) {
        self.0.set(&mut |fields| fields.set(key, value));
    }

    /// Sets every attribute that `write` sets. It is not called when nobody records.
    pub fn set_attributes(&self, mut write: impl FnMut(&mut Fields<'_>)) {
        self.0.set(&mut write);
    }

    /// Adds an event without attributes.
    pub fn add_event(&self, name: impl Into<Cow<'static, str>>) {
        self.0.event(name, &mut |_| ());
    }

    /// Adds an event with the attributes that `write` sets. It is not called when nobody records.
    pub fn add_event_with(&self, name: impl Into<Cow<'static, str>>, mut write: impl FnMut(&mut Fields<'_>)) {
        self.0.event(name, &mut write);
    }

    /// Sets the status. The [specification](https://opentelemetry.io/docs/specs/otel/trace/api/#set-status) has `Ok`
    /// final: nothing overrides it.
    pub fn set_status(&self, status: Status) {
        self.0.set_status(status);
    }

    /// Gives the span another name.
    pub fn update_name(&self, name: impl Into<Cow<'static, str>>) {
        self.0.update_name(name);
    }

    /// The trace's id; its `Display` is the 32 hexadecimal digits that a trace viewer shows.
    pub fn trace_id(&self) -> TraceId {
        self.span_context().trace_id()
    }

    /// The span's id.
    pub fn span_id(&self) -> SpanId {
        self.span_context().span_id()
    }

    /// What is propagated of the span.
    pub fn span_context(&self) -> SpanContext {
        self.0.span_context()
    }

    /// Whether somebody records the span.
    pub fn is_recording(&self) -> bool {
        self.0.is_recording()
    }

    /// The context in which it is current.
    pub fn context(&self) -> &Context {
        self.0.context()
    }
}
