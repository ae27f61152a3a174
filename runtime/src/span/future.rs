//! Futures that run inside a span.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::inside::{self, Inside, Step};
use super::state::State;
use super::{Opened, Pending};
use crate::outcome::Outcome;

pin_project! {
    /// A future that runs inside a span, which ends with it.
    ///
    /// The span is current during each poll and not between them. A future that is dropped before it is done leaves
    /// `traced.cancelled = true` on its span.
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct InSpan<F, N> {
        // Gone when the future is done.
        #[pin]
        future: Option<F>,
        // What a span holds is written under its own lock, and ends with the panic that passes through: seeing it
        // afterwards breaks nothing, so the future inside alone decides whether this one is unwind safe.
        span: AssertUnwindSafe<State>,
        note: N,
    }

    impl<F, N> PinnedDrop for InSpan<F, N> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if !this.span.is_off() {
                let running = this.future.is_some();
                inside::abandon(this.span, running, &mut this.future);
            }
        }
    }
}

impl<F: Future, N: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r F::Output)> InSpan<F, N> {
    /// Runs `future` in `span`, if there is one; `note` sees what it returns.
    #[inline]
    pub fn new(span: Opened, future: F, note: N) -> Self {
        Self { future: Some(future), span: AssertUnwindSafe(State::of(span)), note }
    }

    /// Runs `future` in a span that opens at its first poll.
    pub fn pending(pending: Pending, future: F, note: N) -> Self {
        Self { future: Some(future), span: AssertUnwindSafe(State::later(pending)), note }
    }
}

impl<F: Future, N: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r F::Output)> Future for InSpan<F, N> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut polling = Polling { future: this.future, cx, note: this.note, output: Poll::Pending };
        inside::poll(this.span, &mut polling);
        polling.output
    }
}

/// One poll.
struct Polling<'p, 'c, F: Future, N> {
    future: Pin<&'p mut Option<F>>,
    cx: &'p mut Context<'c>,
    note: &'p mut N,
    output: Poll<F::Output>,
}

impl<F: Future, N: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r F::Output)> Inside for Polling<'_, '_, F, N> {
    fn step<'r>(&'r mut self, step: Step<'_, '_, 'r>) -> bool {
        match step {
            Step::Run => {
                let Some(future) = self.future.as_mut().as_pin_mut() else { inside::polled_again() };
                self.output = future.poll(self.cx);
            }
            Step::Clear => self.future.set(None),
            Step::Note(outcome) => {
                if let Poll::Ready(output) = &self.output {
                    (self.note)(outcome, output);
                }
            }
        }
        self.output.is_ready()
    }
}

impl<F: fmt::Debug, N> fmt::Debug for InSpan<F, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InSpan").field("future", &self.future).finish_non_exhaustive()
    }
}
