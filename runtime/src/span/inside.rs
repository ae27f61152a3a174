//! What runs inside a span, seen without its type.
//!
//! What a span does around a body is compiled here, once, and not again for each annotated function: a function, closure
//! or future is a pointer and a function that runs what lies there. Behind a vtable each would be a definition more.

use opentelemetry::ContextGuard;

use super::state::State;
use super::{Opened, panics};
use crate::outcome::Look;
use crate::recorder::OpenSpan;

/// Runs the body that lies there, or drops it unrun. What came out lies where the pointer that is given back says; null:
/// nothing yet.
pub(super) type Run = unsafe fn(*mut (), Task) -> *mut ();

/// What is to be done with a body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// It runs.
    Run,
    /// It drops, as it does where opening its span panics. What is owned elsewhere has nothing to do.
    Drop,
}

/// Calls the body at `data` inside `span`.
///
/// # Safety
///
/// `run` can be called with `data`, and what it gives back is null or a value that `look` is for.
pub(super) unsafe fn call(span: Opened, data: *mut (), run: Run, look: &'static Look) {
    let Some(entered) = span.0.enter() else {
        // SAFETY: as the caller promises.
        unsafe { run(data, Task::Run) };
        return;
    };
    let span = entered.span();
    // SAFETY: as the caller promises.
    let value = panics::recorded(span, || unsafe { run(data, Task::Run) });
    // SAFETY: as the caller promises.
    unsafe { see(span, value, look) };
}

/// Polls the body at `data` inside the span of `state`, which ends when it is done.
///
/// # Safety
///
/// As of [`call`].
pub(super) unsafe fn poll(state: &mut State, data: *mut (), run: Run, look: &'static Look) {
    let Some(attached) = state.attach() else {
        // SAFETY: as the caller promises.
        unsafe { run(data, Task::Run) };
        return;
    };
    // SAFETY: as the caller promises.
    match panics::caught(|| unsafe { run(data, Task::Run) }) {
        Ok(value) if value.is_null() => state.detach(attached),
        Ok(value) => {
            let last = Last { attached: Some(attached), state };
            // SAFETY: as the caller promises.
            unsafe { see(last.state.span(), value, look) };
        }
        Err(panic) => {
            panic.record(state.span());
            state.finish(Some(attached));
            panic.resume()
        }
    }
}

/// Writes on `span` what `look` sees.
///
/// # Safety
///
/// `value` is one that `look` is for.
unsafe fn see(span: &OpenSpan, value: *mut (), look: &'static Look) {
    let Some(see) = look.see else { return };
    let value = Value { value, look };
    // SAFETY: as the caller promises.
    unsafe { see(value.value, span) };
    std::mem::forget(value);
}

/// A value that nobody gets if looking at it panics.
struct Value {
    value: *mut (),
    look: &'static Look,
}

impl Drop for Value {
    fn drop(&mut self) {
        // SAFETY: `look` is for this value, which nobody sees again.
        unsafe { (self.look.drop)(self.value) }
    }
}

/// The end of a span that is current.
struct Last<'s> {
    attached: Option<ContextGuard>,
    state: &'s mut State,
}

impl Drop for Last<'_> {
    fn drop(&mut self) {
        self.state.finish(self.attached.take());
    }
}

/// A future was polled after it was done.
#[cold]
pub(super) fn polled_again() -> ! {
    panic!("`async fn` resumed after completion")
}
