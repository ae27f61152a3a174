//! Futures that run inside a span.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::state::State;
use super::{Opened, Pending, panics};
use crate::outcome::Outcome;
use crate::recorder::OpenSpan;

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
            let Some(span) = this.span.take() else { return };
            if this.future.is_some() {
                // The future's own locals are dropped inside the span, too.
                let attached = span.attach();
                this.future.set(None);
                drop(attached);
                span.set(&mut |fields| fields.slot("traced.cancelled").bool(true));
            }
            span.end();
        }
    }
}

impl<F: Future, N: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r F::Output)> InSpan<F, N> {
    /// Runs `future` in `span`, if there is one; `note` sees what it returns.
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

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let mut future = this.future.as_mut().as_pin_mut().expect("`async fn` resumed after completion");
        let Some(span) = this.span.open() else {
            let output = ready!(future.poll(cx));
            this.future.set(None);
            return Poll::Ready(output);
        };
        let attached = span.attach();
        match panics::caught(|| future.as_mut().poll(cx)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => {
                this.future.set(None);
                Outcome::note(span, &output, this.note);
                drop(attached);
                this.span.take().inspect(OpenSpan::end);
                Poll::Ready(output)
            }
            Err(panic) => {
                panic.record(span);
                this.future.set(None);
                drop(attached);
                this.span.take().inspect(OpenSpan::end);
                panic.resume()
            }
        }
    }
}

impl<F: fmt::Debug, N> fmt::Debug for InSpan<F, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InSpan").field("future", &self.future).finish_non_exhaustive()
    }
}
