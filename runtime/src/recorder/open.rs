//! A span that has started and not yet ended.

use std::borrow::Cow;
use std::fmt;

use opentelemetry::trace::{SpanContext, Status, TraceContextExt};
use opentelemetry::{Context, ContextGuard};

use super::handover::{self, Recording};
use super::raw::Owner;
use super::record::Record;
use super::span::RecordedSpan;
#[cfg(feature = "warp")]
use super::wire::KnownKey;
use super::{clock, local};
use crate::value::Fields;

/// A span that has started and not yet ended, as the context that makes it current.
///
/// Writes after [`end`](OpenSpan::end) are ignored.
pub(crate) struct OpenSpan {
    /// Of a span that was opened here; else it is whatever is current in `context`.
    record: Option<Owner>,
    context: Context,
}

/// A span that has just started, or none because nobody records it. It is small: what is larger is moved about for longer
/// than it takes to make.
#[derive(Debug, Default)]
pub(crate) enum Opening {
    #[default]
    Nobody,
    /// It belongs where it was opened.
    Fresh(Fresh),
    Open(Box<OpenSpan>),
}

/// A span that is in no context yet, so that nobody else can see it.
#[derive(Debug)]
pub(crate) struct Fresh(Owner);

impl Opening {
    /// `span`, in `parent` or in what is current on this thread.
    #[inline]
    pub(super) fn of(span: Fresh, parent: Option<&Context>) -> Self {
        match parent {
            None => Self::Fresh(span),
            Some(parent) => Self::Open(Box::new(span.open_in(parent))),
        }
    }

    /// The span, if there is one, in what is current on this thread.
    #[inline]
    pub(crate) fn open(self) -> Option<OpenSpan> {
        match self {
            Self::Nobody => None,
            Self::Fresh(span) => Some(span.open_here()),
            Self::Open(span) => Some(*span),
        }
    }

    /// Makes the span, if there is one, current until it ends.
    #[inline]
    pub(crate) fn enter(self) -> Option<Entered> {
        match self {
            Self::Nobody => None,
            Self::Fresh(span) => Some(span.enter()),
            Self::Open(span) => Some(span.enter()),
        }
    }
}

impl Fresh {
    #[inline]
    pub(super) fn new(record: Box<Record>) -> Self {
        Self(Owner::only(record))
    }

    /// The span, in what is current on this thread.
    #[inline]
    pub(crate) fn open_here(self) -> OpenSpan {
        let (record, shared) = self.0.share();
        OpenSpan { record: Some(record), context: Context::current_with_span(RecordedSpan::recording(shared)) }
    }

    fn open_in(self, parent: &Context) -> OpenSpan {
        let (record, shared) = self.0.share();
        OpenSpan { record: Some(record), context: parent.with_span(RecordedSpan::recording(shared)) }
    }

    /// Its context goes where it is current: a clone beside it would count references, and nobody asks for it.
    #[inline]
    fn enter(self) -> Entered {
        let (record, shared) = self.0.share();
        let attached = Context::current_with_span(RecordedSpan::recording(shared)).attach();
        Entered { attached: Some(attached), span: OpenSpan { record: Some(record), context: Context::new() } }
    }
}

/// A span that is current on this thread until this is dropped, which ends it.
#[derive(Debug)]
pub(crate) struct Entered {
    attached: Option<ContextGuard>,
    span: OpenSpan,
}

impl OpenSpan {
    /// The span that is current in `context`, whoever opened it.
    pub(crate) fn new(context: Context) -> Self {
        Self { record: None, context }
    }

    /// The context in which the span is current.
    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// Makes the span current until the guard is dropped.
    #[inline]
    pub(crate) fn attach(&self) -> ContextGuard {
        self.context.clone().attach()
    }

    /// What it consists of, if it was opened here.
    #[cfg(test)]
    pub(super) fn apart(self) -> (Owner, Context) {
        (self.record.expect("it was opened here"), self.context)
    }

    /// Makes the span current until it ends.
    fn enter(mut self) -> Entered {
        // As for a fresh one.
        let context = if self.record.is_some() { std::mem::take(&mut self.context) } else { self.context.clone() };
        Entered { attached: Some(context.attach()), span: self }
    }

    #[inline]
    pub(crate) fn is_recording(&self) -> bool {
        match &self.record {
            Some(record) => record.is_recording(),
            None => self.context.span().is_recording(),
        }
    }

    /// Whether a capture has it, and not the installed pipeline.
    #[cfg(feature = "logs")]
    pub(crate) fn is_captured(&self) -> bool {
        match &self.record {
            Some(record) => Some(record.pipeline) != super::mode::get().installed,
            None => super::is_capture(&self.context),
        }
    }

    pub(crate) fn span_context(&self) -> SpanContext {
        match &self.record {
            Some(record) => record.span_context.clone(),
            None => self.context.span().span_context().clone(),
        }
    }

    /// Sets what `write` sets. Not evaluated when nobody records.
    pub(crate) fn set(&self, write: &mut dyn FnMut(&mut Fields<'_>)) {
        match &self.record {
            // Collected first: the user's expressions run outside the span's lock.
            Some(record) if record.is_recording() => local::with_list(|list| {
                record.limits.for_span(list);
                write(&mut Fields::new(list));
                record.set(list);
            }),
            Some(_) => {}
            None => match handover::ask(&self.context) {
                Recording::Nobody => {}
                Recording::Ours(limits) => {
                    // The span gives the memory back.
                    let mut list = local::take_list();
                    limits.for_span(&mut list);
                    write(&mut Fields::new(&mut list));
                    handover::set(&self.context, list);
                }
                Recording::Foreign => self.context.span().set_attributes(Fields::for_others(write)),
            },
        }
    }

    /// Sets one attribute to a text or a number: written where it stays, since nothing of the application's runs for it.
    #[cfg(feature = "warp")]
    pub(crate) fn put<V: crate::Value + ?Sized>(&self, key: &'static KnownKey, value: &V) {
        match &self.record {
            // A redactor is the application's: it runs outside the span's lock.
            Some(record) if record.limits.values.redactor.is_none() => {
                record.set_with(|list| Fields::new(list).put(key, value));
            }
            _ => self.set(&mut |fields| fields.put(key, value)),
        }
    }

    /// What `write` sets, as the span would have it: within its limits, and redacted.
    #[cfg(feature = "logs")]
    pub(crate) fn collect(&self, write: &mut dyn FnMut(&mut Fields<'_>)) -> Vec<opentelemetry::KeyValue> {
        let limits = match &self.record {
            Some(record) => record.limits,
            None => match handover::ask(&self.context) {
                Recording::Ours(limits) => limits,
                Recording::Nobody | Recording::Foreign => return Fields::for_others(write),
            },
        };
        let mut list = limits.attributes_of_span();
        write(&mut Fields::new(&mut list));
        super::wire::decode::attributes(list.finish()).collect()
    }

    /// Adds an event. Its attributes are not evaluated when nobody records.
    pub(crate) fn event(&self, name: impl Into<Cow<'static, str>>, write: &mut dyn FnMut(&mut Fields<'_>)) {
        self.add_event(name.into(), write);
    }

    fn add_event(&self, name: Cow<'static, str>, write: &mut dyn FnMut(&mut Fields<'_>)) {
        match &self.record {
            Some(record) if record.is_recording() => local::with_list(|list| {
                let time = clock::now();
                record.limits.for_event(list);
                write(&mut Fields::new(list));
                record.add_event(&name, time, list);
            }),
            Some(_) => {}
            None => match handover::ask(&self.context) {
                Recording::Nobody => {}
                Recording::Ours(limits) => {
                    let time = clock::now();
                    let mut list = local::take_list();
                    limits.for_event(&mut list);
                    write(&mut Fields::new(&mut list));
                    handover::add_event(&self.context, name, time, list);
                }
                Recording::Foreign => self.context.span().add_event(name, Fields::for_others(write)),
            },
        }
    }

    pub(crate) fn set_status(&self, status: Status) {
        match &self.record {
            Some(record) => record.set_status(status),
            None => {
                // One of ours follows its own rules.
                let foreign = matches!(handover::ask(&self.context), Recording::Foreign);
                self.context.span().set_status(if foreign { super::rules().status(status) } else { status });
            }
        }
    }

    pub(crate) fn update_name(&self, name: impl Into<Cow<'static, str>>) {
        match &self.record {
            Some(record) => record.update_name(&name.into()),
            None => self.context.span().update_name(name),
        }
    }

    /// Gives the span a name that consists of `parts`, which are short.
    #[cfg(feature = "warp")]
    pub(crate) fn name_of(&self, parts: &[&str]) {
        match &self.record {
            Some(record) => record.name_of(parts),
            None => self.context.span().update_name(parts.concat()),
        }
    }

    /// Ends the span; it can be asked for its ids still.
    #[cfg(any(test, feature = "warp", feature = "postgres"))]
    #[inline]
    pub(crate) fn end(&self) {
        match &self.record {
            Some(record) => record.end(None),
            None => self.context.span().end(),
        }
    }

    /// Ends the span and lets go of it, which is cheaper than one after the other. It is not to be used any more. Before, it is
    /// `attached` no longer: nothing is to find an ended span current.
    #[inline]
    pub(crate) fn finish(&mut self, attached: Option<ContextGuard>) {
        match self.record.take() {
            Some(record) => Record::conclude(record, || {
                // Nearly always the last one goes with one of the two.
                drop(attached);
                self.context = Context::new();
            }),
            None => {
                drop(attached);
                self.context.span().end();
            }
        }
    }
}

/// The same span: writing to it takes the way of everybody else's code.
impl Clone for OpenSpan {
    fn clone(&self) -> Self {
        Self::new(self.context.clone())
    }
}

impl Entered {
    /// The span, to be written on.
    #[inline]
    pub(crate) fn span(&self) -> &OpenSpan {
        &self.span
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        self.span.finish(self.attached.take());
    }
}

impl fmt::Debug for OpenSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OpenSpan").field(&self.span_context()).finish()
    }
}
