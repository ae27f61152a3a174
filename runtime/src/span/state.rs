//! The span of a future or stream, from before its first poll to its end.

use super::{Opened, Pending};
use crate::recorder::OpenSpan;

/// The span of a future or stream.
pub(super) enum State {
    /// It opens at the first poll.
    Pending(Box<Pending>),
    /// It is open.
    Open(OpenSpan),
    /// There is none, or it has ended.
    Off,
}

impl State {
    // Of its own, so that a span is written where it stays.
    #[inline(never)]
    pub(super) fn of(span: Opened) -> Self {
        span.open().map_or(Self::Off, Self::Open)
    }

    pub(super) fn later(pending: Pending) -> Self {
        if pending.is_off() { Self::Off } else { Self::Pending(Box::new(pending)) }
    }

    /// Whether there is no span (any more).
    #[inline]
    pub(super) fn is_off(&self) -> bool {
        matches!(self, Self::Off)
    }

    /// The open span; at the first poll it opens.
    pub(super) fn open(&mut self) -> Option<&OpenSpan> {
        if let Self::Pending(pending) = self {
            *self = pending.open().map_or(Self::Off, Self::Open);
        }
        match self {
            Self::Open(span) => Some(span),
            _ => None,
        }
    }

    /// Ends the span, if it is open.
    pub(super) fn finish(&mut self) {
        if let Self::Open(span) = self {
            span.finish();
        }
        *self = Self::Off;
    }

    /// The open span, which the caller ends.
    pub(super) fn take(&mut self) -> Option<OpenSpan> {
        match std::mem::replace(self, Self::Off) {
            Self::Open(span) => Some(span),
            // Never polled: no span.
            _ => None,
        }
    }
}
