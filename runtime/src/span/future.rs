//! Futures that run inside a span.

use std::fmt;
use std::mem::ManuallyDrop;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::inside::{self, Task};
use super::state::State;
use super::{Opened, Pending};
use crate::outcome::{Look, Outcome, leave};
use crate::recorder::OpenSpan;

/// The future of an `async fn`, inside a span, which ends with it.
///
/// The span is current during each poll and not between them. A future that is dropped before it is done leaves
/// `traced.cancelled = true` on its span.
///
/// What it runs drops all that it holds when it is done, as an async block does; [`InSpan`] is for any other future.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Around<F> {
    // Dropped in this order: the future inside the span, then what ends it.
    pub(super) future: F,
    // What a span holds is written under its own lock, and ends with the panic that passes through: seeing it
    // afterwards breaks nothing, so the future inside alone decides whether this one is unwind safe.
    pub(super) state: AssertUnwindSafe<State>,
    pub(super) look: &'static Look,
}

impl<F: Future> Future for Around<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the future is not moved: it is pinned as this is, and `drop` leaves it where it lies.
        let this = unsafe { self.get_unchecked_mut() };
        let mut polled = Polled {
            future: &raw mut this.future,
            cx: (&raw mut *cx).cast(),
            output: ManuallyDrop::new(Poll::Pending),
        };
        // SAFETY: `run` gets what it is for, and gives an output, as `look` is for. Nothing else uses the future
        // meanwhile: it is another field than the state.
        unsafe { inside::poll(&mut this.state, (&raw mut polled).cast(), run::<F>, this.look) };
        ManuallyDrop::into_inner(polled.output)
    }
}

/// One poll.
struct Polled<F: Future> {
    future: *mut F,
    /// A `&mut Context<'_>`.
    cx: *mut (),
    output: ManuallyDrop<Poll<F::Output>>,
}

/// Polls once.
///
/// # Safety
///
/// A `Polled<F>` lies at `data`, and what its pointers lead to is used by nobody else. Its future is pinned.
unsafe fn run<F: Future>(data: *mut (), _: Task) -> *mut () {
    // SAFETY: as the caller promises.
    unsafe {
        let polled = &mut *data.cast::<Polled<F>>();
        let output = Pin::new_unchecked(&mut *polled.future).poll(&mut *polled.cx.cast::<Context<'_>>());
        polled.output = ManuallyDrop::new(output);
        match &mut *polled.output {
            Poll::Ready(value) => (&raw mut *value).cast(),
            Poll::Pending => std::ptr::null_mut(),
        }
    }
}

impl<F> Drop for Around<F> {
    #[inline]
    fn drop(&mut self) {
        self.state.leave();
    }
}

impl<F: fmt::Debug> fmt::Debug for Around<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Around").field("future", &self.future).finish_non_exhaustive()
    }
}

pin_project! {
    /// Any future that runs inside a span, which ends with it.
    ///
    /// The span is current during each poll and not between them. A future that is dropped before it is done leaves
    /// `traced.cancelled = true` on its span.
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct InSpan<F, N> {
        // Gone when the future is done.
        #[pin]
        future: Option<F>,
        // See `Around`.
        state: AssertUnwindSafe<State>,
        note: N,
    }

    impl<F, N> PinnedDrop for InSpan<F, N> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            // Then the fields drop, in their order.
            this.state.leave();
        }
    }
}

impl<F: Future, N: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r F::Output)> InSpan<F, N> {
    /// Runs `future` in `span`, if there is one; `note` sees what it returns.
    #[inline]
    pub fn new(span: Opened, future: F, note: N) -> Self {
        Self { future: Some(future), state: AssertUnwindSafe(State::of(span)), note }
    }

    /// Runs `future` in a span that opens at its first poll.
    pub fn pending(pending: Pending, future: F, note: N) -> Self {
        Self { future: Some(future), state: AssertUnwindSafe(State::later(pending)), note }
    }
}

impl<F: Future, N: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r F::Output)> Future for InSpan<F, N> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut polling = Polling { future: this.future, cx, note: this.note, output: Poll::Pending };
        let data = (&raw mut polling).cast();
        // SAFETY: the functions get what they are for.
        unsafe { inside::poll(this.state, data, Polling::<F, N>::run, Polling::<F, N>::LOOK) };
        polling.output
    }
}

/// One poll of any future.
struct Polling<'p, 'c, F: Future, N> {
    future: Pin<&'p mut Option<F>>,
    cx: &'p mut Context<'c>,
    note: &'p mut N,
    output: Poll<F::Output>,
}

impl<F: Future, N: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r F::Output)> Polling<'_, '_, F, N> {
    const LOOK: &'static Look = &Look { see: Some(Self::see), drop: leave };

    /// # Safety
    ///
    /// One of these lies at `data`.
    unsafe fn run(data: *mut (), _: Task) -> *mut () {
        // SAFETY: as the caller promises.
        let this = unsafe { &mut *data.cast::<Self>() };
        // What is left of it drops inside the span, also when it panics.
        let mut done = Done { future: this.future.as_mut(), is_done: true };
        let Some(future) = done.future.as_mut().as_pin_mut() else { inside::polled_again() };
        this.output = future.poll(this.cx);
        done.is_done = this.output.is_ready();
        drop(done);
        if this.output.is_ready() { data } else { std::ptr::null_mut() }
    }

    /// # Safety
    ///
    /// One of these lies at `data`.
    unsafe fn see(data: *mut (), span: &OpenSpan) {
        let this = data.cast::<Self>();
        // SAFETY: as the caller promises; the note and the output are two fields.
        let (note, output) = unsafe { (&mut (*this).note, &(*this).output) };
        if let Poll::Ready(output) = output {
            Outcome::note(span, output, note);
        }
    }
}

/// Drops a future that is done.
struct Done<'p, F> {
    future: Pin<&'p mut Option<F>>,
    is_done: bool,
}

impl<F> Drop for Done<'_, F> {
    fn drop(&mut self) {
        if self.is_done {
            self.future.set(None);
        }
    }
}

impl<F: fmt::Debug, N> fmt::Debug for InSpan<F, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InSpan").field("future", &self.future).finish_non_exhaustive()
    }
}
