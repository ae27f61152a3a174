//! What runs inside a span, seen without its type.
//!
//! What a span does around a body is compiled here, once, and not again for each annotated function: those bring a table
//! of three small functions along.

use super::state::State;
use super::{Opened, SpanGuard, panics};
use crate::outcome::Outcome;
use crate::recorder::OpenSpan;

/// A body that runs inside a span.
pub(super) trait Inside {
    /// Calls or polls it; whether it is done.
    fn run(&mut self) -> bool;

    /// Drops what ran.
    fn clear(&mut self);

    /// Says of `outcome` what is to be said of the value that came out.
    fn note<'r>(&'r mut self, outcome: &mut Outcome<'_, 'r>);
}

/// Calls `body` inside `span`.
pub(super) fn call(span: OpenSpan, body: &mut dyn Inside) {
    let guard = SpanGuard::new(Opened(Some(span.clone())));
    panics::recorded(&span, || body.run());
    Outcome::write_with(&span, |outcome| body.note(outcome));
    drop(guard);
}

/// Polls `body` inside the span of `state`, which ends when it is done; whether it is.
pub(super) fn poll(state: &mut State, body: &mut dyn Inside) -> bool {
    let Some(span) = state.open() else {
        let done = body.run();
        if done {
            body.clear();
        }
        return done;
    };
    let attached = span.attach();
    match panics::caught(|| body.run()) {
        Ok(false) => false,
        Ok(true) => {
            body.clear();
            Outcome::write_with(span, |outcome| body.note(outcome));
            drop(attached);
            state.take().inspect(OpenSpan::end);
            true
        }
        Err(panic) => {
            panic.record(span);
            body.clear();
            drop(attached);
            state.take().inspect(OpenSpan::end);
            panic.resume()
        }
    }
}

/// Ends the span of `state`, whose body is dropped. If that was `running`, it was not done: `clear` drops it.
pub(super) fn abandon(state: &mut State, running: bool, clear: &mut dyn FnMut()) {
    let Some(span) = state.take() else { return };
    if !running {
        return span.end();
    }
    // Its own locals are dropped inside the span, too.
    let attached = span.attach();
    clear();
    drop(attached);
    span.set(&mut |fields| fields.slot("traced.cancelled").bool(true));
    span.end();
}
