//! The span of a future or stream, from before its first poll to its end.

use std::mem::ManuallyDrop;

use opentelemetry::ContextGuard;

use super::{Opened, Pending};
use crate::recorder::OpenSpan;

/// The span of a future or stream. It ends when this is dropped, if it has not ended before.
///
/// Its parts are dropped here and not by the compiler, which would write that into every crate.
pub(super) struct State(ManuallyDrop<Parts>);

struct Parts {
    stage: Stage,
    leaving: Option<Leaving>,
}

enum Stage {
    /// It opens at the first poll.
    Pending(Box<Pending>),
    /// It is open.
    Open(OpenSpan),
    /// There is none, or it has ended.
    Off,
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
        Self::at(span.open().map_or(Stage::Off, Stage::Open))
    }

    pub(super) fn later(pending: Pending) -> Self {
        Self::at(if pending.is_off() { Stage::Off } else { Stage::Pending(Box::new(pending)) })
    }

    #[inline]
    fn at(stage: Stage) -> Self {
        Self(ManuallyDrop::new(Parts { stage, leaving: None }))
    }

    /// The open span; at the first poll it opens.
    pub(super) fn open(&mut self) -> Option<&OpenSpan> {
        if let Stage::Pending(pending) = &mut self.0.stage {
            self.0.stage = pending.open().map_or(Stage::Off, Stage::Open);
        }
        self.current()
    }

    /// The open span.
    pub(super) fn current(&self) -> Option<&OpenSpan> {
        match &self.0.stage {
            Stage::Open(span) => Some(span),
            _ => None,
        }
    }

    /// Ends the span, if it is open, which is `attached` no longer.
    pub(super) fn finish(&mut self, attached: Option<ContextGuard>) {
        if let Stage::Open(span) = &mut self.0.stage {
            span.finish(attached);
            self.0.stage = Stage::Off;
        }
    }

    /// What runs in the span is dropped, and then this is. An open span was left half-way, and is current meanwhile.
    #[inline(never)]
    pub(super) fn leave(&mut self) {
        let Stage::Open(span) = &self.0.stage else { return };
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
