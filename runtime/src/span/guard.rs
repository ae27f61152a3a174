//! A span that is current on this thread until it is dropped.

use opentelemetry::ContextGuard;

use super::{Start, panics};
use crate::recorder::{self, OpenSpan};

/// A span that is current on this thread until it is dropped, which ends it.
///
/// Made by [`span!`](crate::span!). It can't be sent to another thread, nor be held across an `.await`: use the future
/// form of `span!` there.
#[derive(Debug)]
#[must_use = "the span ends when the guard is dropped; bind it to a name: `let _span = span!(..)`"]
pub struct SpanGuard {
    /// Detached before the span ends, so that nothing can find an ended span current.
    attached: Option<ContextGuard>,
    span: Option<OpenSpan>,
}

impl SpanGuard {
    /// A guard that does nothing.
    #[inline]
    pub fn off() -> Self {
        Self { attached: None, span: None }
    }

    /// Opens the span and makes it current.
    pub fn enter(start: Start<'_>) -> Self {
        let span = recorder::open(start);
        Self { attached: span.as_ref().map(OpenSpan::attach), span }
    }

    /// Runs `body`; a panic is recorded and goes on.
    pub fn run<T>(&self, body: impl FnOnce() -> T) -> T {
        match &self.span {
            Some(span) => panics::recorded(span, body),
            None => body(),
        }
    }

    pub(crate) fn span(&self) -> Option<&OpenSpan> {
        self.span.as_ref()
    }
}

impl Drop for SpanGuard {
    fn drop(&mut self) {
        self.attached = None;
        if let Some(span) = &self.span {
            span.end();
        }
    }
}
