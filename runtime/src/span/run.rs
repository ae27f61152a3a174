//! Running a body inside a span.

use std::panic::AssertUnwindSafe;

use opentelemetry::Context;

use super::inside::{self, Task};
use super::{InSpan, Opened, Pending};
use crate::Fields;
use crate::outcome::{Look, Outcome, leave};
use crate::recorder::{OpenSpan, Opening};

/// Runs `body` inside `span`, if there is one; `note` sees what it returns.
#[inline]
pub fn sync<T, B, N>(span: Opened, body: B, note: N) -> T
where
    B: FnOnce() -> T,
    N: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r T),
{
    if let Opening::Nobody = span.0 {
        return body();
    }
    let mut call = Call { body: Some(body), note, value: None };
    // SAFETY: the functions get what they are for.
    unsafe { inside::call(span, (&raw mut call).cast(), Call::<T, B, N>::run, Call::<T, B, N>::LOOK) };
    match call.value {
        Some(value) => value,
        None => unreachable!("the body was called"),
    }
}

/// A body, and what it returned.
struct Call<T, B, N> {
    body: Option<B>,
    note: N,
    value: Option<T>,
}

impl<T, B: FnOnce() -> T, N: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r T)> Call<T, B, N> {
    const LOOK: &'static Look = &Look { see: Some(Self::see), drop: leave };

    /// # Safety
    ///
    /// One of these lies at `data`.
    unsafe fn run(data: *mut (), _: Task) -> *mut () {
        // SAFETY: as the caller promises.
        let this = unsafe { &mut *data.cast::<Self>() };
        this.value = this.body.take().map(|body| body());
        data
    }

    /// # Safety
    ///
    /// One of these lies at `data`.
    unsafe fn see(data: *mut (), span: &OpenSpan) {
        let this = data.cast::<Self>();
        // SAFETY: as the caller promises; the note and the value are two fields.
        let (note, value) = unsafe { (&mut (*this).note, &(*this).value) };
        if let Some(value) = value {
            Outcome::note(span, value, note);
        }
    }
}

/// The span that is current, if somebody records it.
#[derive(Debug, Default)]
pub struct Enriched(Option<OpenSpan>);

/// The span that is current, enriched with what `write` sets; none if nobody records it.
pub fn enrich(write: &mut dyn FnMut(&mut Fields<'_>)) -> Enriched {
    let span = OpenSpan::new(Context::current());
    if !span.is_recording() {
        return Enriched(None);
    }
    span.set(write);
    Enriched(Some(span))
}

/// Runs `body`; `note` sees what it returns and writes on `span`, which somebody else ends.
pub fn enriched<T>(
    span: Enriched,
    body: impl FnOnce() -> T,
    note: impl for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r T),
) -> T {
    let value = body();
    if let Some(span) = &span.0 {
        Outcome::note(span, &value, note);
    }
    value
}

/// Awaits `future`; `note` sees what it returns and writes on `span`, which somebody else ends.
pub fn enriched_future<F: Future>(
    span: Enriched,
    future: F,
    note: impl for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r F::Output),
) -> impl Future<Output = F::Output> {
    // As in `InSpan`: the future inside alone decides whether this one is unwind safe.
    let span = AssertUnwindSafe(span);
    async move {
        // The whole of it is captured, not what is inside.
        let span = span;
        let value = future.await;
        enriched(span.0, || value, note)
    }
}

/// What `body` returns. Called through here, it is known to be called once.
pub fn call<T>(body: impl FnOnce() -> T) -> T {
    body()
}

/// A value that is never asked for: it stands in generated code that does not run, to say of which type it is.
#[cold]
pub fn never<T>() -> T {
    unreachable!("generated code that does not run")
}

/// `future`, of which the signature says that it gives `T`.
pub fn future_of<T, F: Future<Output = T>>(future: F) -> F {
    future
}

/// `stream`, of which the signature says that its items are `T`.
pub fn stream_of<T, S: futures_core::Stream<Item = T>>(stream: S) -> S {
    stream
}

/// `future`, which somebody else made, inside the span that opens at its first poll.
pub fn returned_future<F: Future, N: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r F::Output)>(
    pending: Pending,
    future: F,
    note: N,
) -> InSpan<F, N> {
    InSpan::pending(pending, future, note)
}

/// Adds an event to the span that is current.
pub fn event(name: &'static str, write: &mut dyn FnMut(&mut Fields<'_>)) {
    OpenSpan::new(Context::current()).event(name, write);
}

/// Sets attributes on the span that is current.
pub fn attributes(write: &mut dyn FnMut(&mut Fields<'_>)) {
    OpenSpan::new(Context::current()).set(write);
}
