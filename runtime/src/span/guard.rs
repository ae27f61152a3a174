//! A span that is current on this thread until it is dropped.

use super::Opened;
use crate::recorder::Entered;

/// A span that is current on this thread until it is dropped, which ends it.
///
/// Made by [`span!`](crate::span!). It can't be sent to another thread, nor be held across an `.await`: use the future
/// form of `span!` there.
#[derive(Debug)]
#[must_use = "the span ends when the guard is dropped; bind it to a name: `let _span = span!(..)`"]
pub struct SpanGuard {
    _entered: Option<Entered>,
}

impl SpanGuard {
    /// Makes `span` current.
    #[doc(hidden)]
    #[inline]
    pub fn new(span: Opened) -> Self {
        Self { _entered: span.0.enter() }
    }
}
