//! A span that has started and not yet ended.

use std::borrow::Cow;

use opentelemetry::trace::{SpanContext, Status, TraceContextExt};
use opentelemetry::{Context, ContextGuard};

use super::handover::{self, Recording};
use super::raw::Published;
use super::{clock, local};
use crate::value::Fields;

/// A span that has started and not yet ended, as the context that makes it current.
///
/// Clones are the same span. Writes after [`end`](OpenSpan::end) are ignored.
#[derive(Debug, Clone)]
pub(crate) struct OpenSpan(Inner);

#[derive(Clone)]
enum Inner {
    /// One that was opened here.
    Recorded(Published),
    /// Whatever is current in a context.
    Current(Context),
}

impl OpenSpan {
    /// The span that is current in `context`, whoever opened it.
    pub(crate) fn new(context: Context) -> Self {
        Self(Inner::Current(context))
    }

    #[inline]
    pub(super) fn recorded(span: Published) -> Self {
        Self(Inner::Recorded(span))
    }

    #[inline]
    pub(crate) fn context(&self) -> &Context {
        match &self.0 {
            Inner::Recorded(span) => span.context(),
            Inner::Current(context) => context,
        }
    }

    #[inline]
    pub(crate) fn attach(&self) -> ContextGuard {
        self.context().clone().attach()
    }

    #[inline]
    pub(crate) fn is_recording(&self) -> bool {
        match &self.0 {
            Inner::Recorded(span) => span.record().is_recording(),
            Inner::Current(context) => context.span().is_recording(),
        }
    }

    pub(crate) fn span_context(&self) -> SpanContext {
        self.context().span().span_context().clone()
    }

    /// Sets what `write` sets. Not evaluated when nobody records.
    pub(crate) fn set(&self, write: &mut dyn FnMut(&mut Fields<'_>)) {
        match &self.0 {
            // Collected first: the user's expressions run outside the span's lock.
            Inner::Recorded(span) if span.record().is_recording() => local::with_list(|list| {
                span.record().list(list);
                write(&mut Fields::new(list));
                span.record().set(list);
            }),
            Inner::Recorded(_) => {}
            Inner::Current(context) => match handover::ask(context) {
                Recording::Nobody => {}
                Recording::Ours(limits) => {
                    let mut list = limits.attributes_of_span();
                    write(&mut Fields::new(&mut list));
                    handover::set(context, list);
                }
                Recording::Foreign => context.span().set_attributes(Fields::for_others(write)),
            },
        }
    }

    /// Adds an event. Its attributes are not evaluated when nobody records.
    pub(crate) fn event(&self, name: impl Into<Cow<'static, str>>, write: &mut dyn FnMut(&mut Fields<'_>)) {
        self.add_event(name.into(), write);
    }

    fn add_event(&self, name: Cow<'static, str>, write: &mut dyn FnMut(&mut Fields<'_>)) {
        match &self.0 {
            Inner::Recorded(span) if span.record().is_recording() => local::with_list(|list| {
                let time = clock::now();
                span.record().event_list(list);
                write(&mut Fields::new(list));
                span.record().add_event(&name, time, list);
            }),
            Inner::Recorded(_) => {}
            Inner::Current(context) => match handover::ask(context) {
                Recording::Nobody => {}
                Recording::Ours(limits) => {
                    let time = clock::now();
                    let mut list = limits.attributes_of_event();
                    write(&mut Fields::new(&mut list));
                    handover::add_event(context, name, time, list);
                }
                Recording::Foreign => context.span().add_event(name, Fields::for_others(write)),
            },
        }
    }

    pub(crate) fn set_status(&self, status: Status) {
        match &self.0 {
            Inner::Recorded(span) => span.record().set_status(status),
            Inner::Current(context) => {
                // One of ours follows its own rules.
                let foreign = matches!(handover::ask(context), Recording::Foreign);
                context.span().set_status(if foreign { super::rules().status(status) } else { status });
            }
        }
    }

    pub(crate) fn update_name(&self, name: impl Into<Cow<'static, str>>) {
        match &self.0 {
            Inner::Recorded(span) => span.record().update_name(name.into()),
            Inner::Current(context) => context.span().update_name(name),
        }
    }

    #[inline]
    pub(crate) fn end(&self) {
        match &self.0 {
            Inner::Recorded(span) => span.record().end(None),
            Inner::Current(context) => context.span().end(),
        }
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let context = match self {
            Inner::Recorded(span) => span.context(),
            Inner::Current(context) => context,
        };
        std::fmt::Debug::fmt(context, f)
    }
}
