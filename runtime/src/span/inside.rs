//! What runs inside a span, seen without its type.
//!
//! What a span does around a body is compiled here, once, and not again for each annotated function.

use std::pin::Pin;

use super::panics;
use super::state::State;
use crate::outcome::Outcome;
use crate::recorder::Opening;

/// A body that runs inside a span: one function for all that is asked of it, since each costs an annotated function.
pub(super) trait Inside {
    /// Does `step`; after [`Step::Run`], whether it is done.
    fn step<'r>(&'r mut self, step: Step<'_, '_, 'r>) -> bool;
}

/// What is asked of a body.
pub(super) enum Step<'o, 's, 'r> {
    /// To be called or polled.
    Run,
    /// To drop what ran.
    Clear,
    /// To tell what came out.
    Note(&'o mut Outcome<'s, 'r>),
}

/// Something that can be dropped where it is pinned.
pub(super) trait Clear {
    fn clear(&mut self);
}

impl<T> Clear for Pin<&mut Option<T>> {
    fn clear(&mut self) {
        self.set(None);
    }
}

/// Calls `body` inside `span`.
pub(super) fn call(span: Opening, body: &mut dyn Inside) {
    let Some(entered) = span.enter() else { return };
    let span = entered.span();
    panics::recorded(span, || body.step(Step::Run));
    Outcome::write_with(span, |outcome| {
        body.step(Step::Note(outcome));
    });
}

/// Polls `body` inside the span of `state`, which ends when it is done.
pub(super) fn poll(state: &mut State, body: &mut dyn Inside) {
    let Some(span) = state.open() else {
        if body.step(Step::Run) {
            body.step(Step::Clear);
        }
        return;
    };
    let attached = span.attach();
    match panics::caught(|| body.step(Step::Run)) {
        Ok(false) => {}
        Ok(true) => {
            body.step(Step::Clear);
            Outcome::write_with(span, |outcome| {
                body.step(Step::Note(outcome));
            });
            drop(attached);
            state.finish();
        }
        Err(panic) => {
            panic.record(span);
            body.step(Step::Clear);
            drop(attached);
            state.finish();
            panic.resume()
        }
    }
}

/// Ends the span of `state`, whose `body` is dropped; if that was still `running`, it was not done.
pub(super) fn abandon(state: &mut State, running: bool, body: &mut dyn Clear) {
    let Some(span) = state.take() else { return };
    if !running {
        return span.end();
    }
    // Before its locals are dropped, which may panic; that is inside the span, too.
    span.set(&mut |fields| fields.slot("traced.cancelled").bool(true));
    let attached = span.attach();
    body.clear();
    drop(attached);
    span.end();
}

/// A future was polled after it was done.
#[cold]
pub(super) fn polled_again() -> ! {
    panic!("`async fn` resumed after completion")
}

/// A body that was called returned nothing.
#[cold]
pub(super) fn never_called() -> ! {
    unreachable!("the body was called")
}
