//! A span that has started and not yet ended.

use std::borrow::Cow;

use opentelemetry::trace::{SpanContext, Status, TraceContextExt};
use opentelemetry::{Context, ContextGuard};

use crate::value::{Fields, Sink};

/// A span that has started and not yet ended, as the context that makes it current.
///
/// Clones are the same span. Writes after [`end`](OpenSpan::end) are ignored.
#[derive(Debug, Clone)]
pub(crate) struct OpenSpan {
    context: Context,
}

impl OpenSpan {
    /// The span that is current in `context`.
    pub(crate) fn new(context: Context) -> Self {
        Self { context }
    }

    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    pub(crate) fn attach(&self) -> ContextGuard {
        self.context.clone().attach()
    }

    pub(crate) fn is_recording(&self) -> bool {
        self.context.span().is_recording()
    }

    pub(crate) fn span_context(&self) -> SpanContext {
        self.context.span().span_context().clone()
    }

    /// Sets what `write` sets. Not evaluated when nobody records.
    pub(crate) fn set(&self, write: &mut dyn FnMut(&mut Fields<'_>)) {
        if self.is_recording() {
            // Collected first: the user's expressions run outside the span's lock.
            let attributes = Sink::collect(write);
            self.context.span().set_attributes(attributes);
        }
    }

    /// Adds an event. Its attributes are not evaluated when nobody records.
    pub(crate) fn event(&self, name: impl Into<Cow<'static, str>>, write: &mut dyn FnMut(&mut Fields<'_>)) {
        if self.is_recording() {
            let attributes = Sink::collect(write);
            self.context.span().add_event(name, attributes);
        }
    }

    pub(crate) fn set_status(&self, status: Status) {
        self.context.span().set_status(status);
    }

    pub(crate) fn update_name(&self, name: impl Into<Cow<'static, str>>) {
        self.context.span().update_name(name);
    }

    pub(crate) fn end(&self) {
        self.context.span().end();
    }
}
