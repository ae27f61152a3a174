//! A span that is current on this thread until it is dropped.

use opentelemetry::ContextGuard;

use super::Opened;
use crate::recorder::OpenSpan;

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
    /// Makes `span` current.
    #[doc(hidden)]
    #[inline]
    pub fn new(span: Opened) -> Self {
        Self { attached: span.0.as_ref().map(OpenSpan::attach), span: span.0 }
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
