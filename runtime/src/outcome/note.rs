//! What a span is to say of a return value, gathered from the defaults and the user's clauses, written once.

use std::borrow::Cow;
use std::fmt::Display;

use opentelemetry::trace::Status;

use super::Failure;
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
    exception: Exception,
}

/// How much of an error goes into an exception event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exception {
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
    pub(crate) fn write_with(span: &'s OpenSpan, note: impl FnOnce(&mut Outcome<'s, 'r>)) {
        if !span.is_recording() {
            return;
        }
        let mut outcome = Self { span, failure: None, status: None, error_type: None, exception: Exception::Full };
        note(&mut outcome);
        outcome.write();
    }

    /// The error that was returned, if any.
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
        self.exception = Exception::None;
    }

    /// `exception = type`: neither message nor causes.
    pub fn exception_type_only(&mut self) {
        self.exception = Exception::TypeOnly;
    }

    fn write(self) {
        let Self { span, failure, status, error_type, exception } = self;
        let Some(mut failure) = failure else {
            if let Some(status) = status {
                span.set_status(status);
            }
            return;
        };
        failure.sensitive |= exception == Exception::TypeOnly;
        let error_type = error_type.unwrap_or_else(|| Cow::Owned(failure.error_type.to_string()));
        if failure.expected {
            span.set(&mut |fields| fields.set("traced.expected_error", &error_type));
            if let Some(status) = status {
                span.set_status(status);
            }
            return;
        }
        let message = failure.message();
        if exception != Exception::None {
            span.event("exception", &mut |fields| {
                fields.set("exception.type", failure.exception_type);
                fields.set("exception.message", &message);
                fields.set("exception.stacktrace", &failure.cause_chain());
            });
        }
        let status = status.unwrap_or_else(|| Status::error(message.clone().unwrap_or_default()));
        // The conventions have `error.type` only on what failed.
        if matches!(status, Status::Error { .. }) {
            span.set(&mut |fields| fields.set("error.type", &error_type));
        }
        span.set_status(status);
    }
}
