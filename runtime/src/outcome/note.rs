//! What a span is to say of a return value, gathered from the defaults and the user's clauses, written once.

use std::borrow::Cow;
use std::fmt::Display;

use opentelemetry::trace::Status;

use super::{Exception, Failure};
use crate::contained::contained;
use crate::recorder::OpenSpan;
use crate::value::Fields;

/// What a span is to say of a return value.
///
/// Attributes and events are written as they come; status, `error.type` and exception when every clause had its say, so
/// that a later clause overrides an earlier one.
#[derive(Debug)]
pub struct Outcome<'s, 'r> {
    span: &'s OpenSpan,
    failure: Option<Failure<'r>>,
    status: Option<Status>,
    error_type: Option<Cow<'static, str>>,
    exception: Told,
}

/// How much of an error is told as an exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Full,
    TypeOnly,
    None,
}

impl<'s, 'r> Outcome<'s, 'r> {
    /// Writes on `span` what `note` says of `value`.
    pub(crate) fn note<R>(span: &'s OpenSpan, value: &'r R, mut note: impl FnMut(&mut Outcome<'s, 'r>, &'r R)) {
        Self::write_with(span, |outcome| note(outcome, value));
    }

    /// Writes on `span` what `note` says.
    #[inline]
    fn write_with(span: &'s OpenSpan, note: impl FnOnce(&mut Outcome<'s, 'r>)) {
        if !span.is_recording() {
            return;
        }
        let mut outcome = Self { span, failure: None, status: None, error_type: None, exception: Told::Full };
        note(&mut outcome);
        if let Some(status) = outcome.write() {
            span.set_status(status);
        }
    }

    /// Writes on `span` that an error was returned.
    pub(super) fn failed(span: &'s OpenSpan, failure: impl FnOnce() -> Failure<'r>) {
        Self::write_with(span, |outcome| outcome.failure = Some(failure()));
    }

    /// Writes on `span` what `note` says of one of many values. A status of Ok, which nothing overrides, is given back
    /// instead: it holds only if no later value fails.
    pub(crate) fn note_one_of_many<R>(
        span: &'s OpenSpan,
        value: &'r R,
        mut note: impl FnMut(&mut Outcome<'s, 'r>, &'r R),
    ) -> Option<Status> {
        if !span.is_recording() {
            return None;
        }
        let mut outcome = Self { span, failure: None, status: None, error_type: None, exception: Told::Full };
        note(&mut outcome, value);
        let status = outcome.write();
        if let Some(status @ Status::Error { .. }) = &status {
            span.set_status(status.clone());
        }
        status
    }

    /// The `error.type` of `value` as `note` tells it; none if it is no failure, or an expected one.
    #[cfg(feature = "metrics")]
    pub(crate) fn error_type_of<R>(
        value: &R,
        mut note: impl for<'a, 'b> FnMut(&mut Outcome<'a, 'b>, &'b R),
    ) -> Option<Cow<'static, str>> {
        // Nobody records it, so nothing else that is said is evaluated.
        let span = OpenSpan::new(opentelemetry::Context::new());
        let mut outcome = Outcome { span: &span, failure: None, status: None, error_type: None, exception: Told::Full };
        note(&mut outcome, value);
        let failure = outcome.failure.take().filter(|failure| !failure.expected)?;
        Some(outcome.error_type.take().unwrap_or_else(|| Cow::Owned(failure.error_type.to_string())))
    }

    /// The error that was returned, if any.
    #[inline]
    pub fn failure(&mut self, failure: Option<Failure<'r>>) {
        self.failure = failure;
    }

    /// Sets attributes.
    pub fn attributes(&mut self, write: &mut dyn FnMut(&mut Fields<'_>)) {
        self.span.set(write);
    }

    /// Adds an event.
    pub fn event(&mut self, name: impl Into<Cow<'static, str>>, write: &mut dyn FnMut(&mut Fields<'_>)) {
        self.span.event(name, write);
    }

    /// `status = ok`
    pub fn status_ok(&mut self) {
        self.status = Some(Status::Ok);
    }

    /// `status = unset`
    pub fn status_unset(&mut self) {
        self.status = Some(Status::Unset);
    }

    /// `status = error(description)`
    pub fn status_error(&mut self, description: impl Display) {
        self.status = Some(Status::error(description.to_string()));
    }

    /// `type = error_type`
    pub fn error_type(&mut self, error_type: impl Into<String>) {
        self.error_type = Some(Cow::Owned(error_type.into()));
    }

    /// The error is part of normal operation: it does not fail the span.
    pub fn expected(&mut self) {
        if let Some(failure) = &mut self.failure {
            failure.expected = true;
        }
    }

    /// `exception = false`
    pub fn no_exception(&mut self) {
        self.exception = Told::None;
    }

    /// `exception = type`: neither message nor causes.
    pub fn exception_type_only(&mut self) {
        self.exception = Told::TypeOnly;
    }

    /// Writes what belongs to the error, and gives the status that is to be set.
    #[inline]
    fn write(&mut self) -> Option<Status> {
        // Looked at before anything is taken: nearly always there is nothing.
        match (&self.failure, &self.status) {
            (None, None) => None,
            (None, Some(_)) => self.status.take(),
            (Some(_), _) => self.write_failure(),
        }
    }

    #[cold]
    fn write_failure(&mut self) -> Option<Status> {
        let Self { span, failure, status, error_type, exception } = self;
        let mut failure = failure.take()?;
        let (status, error_type, exception) = (status.take(), error_type.take(), *exception);
        failure.sensitive |= exception == Told::TypeOnly;
        let error_type = error_type.unwrap_or_else(|| Cow::Owned(failure.error_type.to_string()));
        if failure.expected {
            span.set(&mut |fields| fields.set("traced.expected_error", &error_type));
            return status;
        }
        let message = quietly(|| failure.message());
        let fails = status.as_ref().is_none_or(|status| matches!(status, Status::Error { .. }));
        if exception != Told::None {
            let causes = quietly(|| failure.cause_chain());
            let (message, causes) = (message.as_deref(), causes.as_deref());
            Exception { kind: failure.exception_type, message, causes, fails }.record(span);
        }
        let status = status.unwrap_or_else(|| Status::error(message.unwrap_or_default()));
        // The conventions have `error.type` only on what failed.
        if fails {
            span.set(&mut |fields| fields.set("error.type", &error_type));
        }
        Some(status)
    }
}

/// What an error says of itself, unless it panics over that: nobody asked for it here.
fn quietly(say: impl FnOnce() -> Option<String>) -> Option<String> {
    contained(say).flatten()
}
