//! The span of a future or stream, from before its first poll to its end.

use std::mem::ManuallyDrop;

use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context, ContextGuard};

use super::{Opened, Pending};
use crate::recorder::{OpenSpan, Opening};

/// The span of a future or stream. It ends when this is dropped, if it has not ended before.
///
/// Its parts are dropped here and not by the compiler, which would write that into every crate.
pub(super) struct State(ManuallyDrop<Parts>);

struct Parts {
    // Not one enum with the span in it: its tag would lie in the padding of the span's context, which would then be moved
    // about in overlapping pieces, each of which waits for the one before.
    is_open: bool,
    /// An empty one unless it is open.
    span: OpenSpan,
    /// What the next poll attaches. It is made when a poll ends: attaching a clone that was made just now waits for it.
    next: Context,
    /// What opens at the first poll.
    pending: Option<Box<Pending>>,
    leaving: Option<Leaving>,
}

/// What makes a span current while the future inside is dropped.
struct Leaving {
    _attached: ContextGuard,
}

// SAFETY: it exists only between `State::leave` and the drop of the state, both in one drop of what holds the state: no
// thread but that one sees it.
unsafe impl Send for Leaving {}
// SAFETY: as above; nothing can be done with a reference to it.
unsafe impl Sync for Leaving {}

impl State {
    // Of its own, so that a span is written where it stays.
    #[inline(never)]
    pub(super) fn of(span: Opened) -> Self {
        match span.0 {
            Opening::Nobody => Self::not_open(None),
            Opening::Fresh(span) => Self::at(true, span.open_here(), None),
            Opening::Open(span) => Self::at(true, *span, None),
        }
    }

    pub(super) fn later(pending: Pending) -> Self {
        Self::not_open((!pending.is_off()).then(|| Box::new(pending)))
    }

    fn not_open(pending: Option<Box<Pending>>) -> Self {
        Self::at(false, OpenSpan::new(Context::new()), pending)
    }

    #[inline(always)]
    fn at(is_open: bool, span: OpenSpan, pending: Option<Box<Pending>>) -> Self {
        Self(ManuallyDrop::new(Parts { is_open, span, next: Context::new(), pending, leaving: None }))
    }

    /// Makes the span, if there is one, current for a poll; at the first one it opens.
    #[inline]
    pub(super) fn attach(&mut self) -> Option<ContextGuard> {
        if self.0.is_open || self.open() {
            let next = std::mem::take(&mut self.0.next);
            return Some(if next.has_active_span() { next.attach() } else { self.0.span.attach() });
        }
        None
    }

    #[cold]
    fn open(&mut self) -> bool {
        let Some(span) = self.0.pending.take().and_then(|mut pending| pending.open()) else { return false };
        self.0.span = span;
        self.0.is_open = true;
        true
    }

    /// A poll is over, and there will be another one: the span is `attached` no longer.
    #[inline]
    pub(super) fn detach(&mut self, attached: ContextGuard) {
        self.0.next = self.0.span.context().clone();
        drop(attached);
    }

    /// The open span; an empty one if there is none.
    pub(super) fn span(&self) -> &OpenSpan {
        &self.0.span
    }

    /// Ends the span, if it is open, which is `attached` no longer.
    pub(super) fn finish(&mut self, attached: Option<ContextGuard>) {
        if self.0.is_open {
            self.0.is_open = false;
            self.0.next = Context::new();
            self.0.span.finish(attached);
        }
    }

    /// What runs in the span is dropped, and then this is. An open span was left half-way, and is current meanwhile.
    #[inline(never)]
    pub(super) fn leave(&mut self) {
        if !self.0.is_open {
            return;
        }
        let span = &self.0.span;
        // Before its locals are dropped, which may panic.
        span.set(&mut |fields| fields.slot("traced.cancelled").bool(true));
        let attached = span.attach();
        self.0.leaving = Some(Leaving { _attached: attached });
    }
}

impl Drop for State {
    #[inline(never)]
    fn drop(&mut self) {
        self.0.leaving = None;
        self.finish(None);
        // SAFETY: this is dropped once, and nothing is done with it afterwards.
        unsafe { ManuallyDrop::drop(&mut self.0) }
    }
}
