//! Futures that run inside a span.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::{Start, panics};
use crate::outcome::Outcome;
use crate::recorder::{self, OpenSpan};

pin_project! {
    /// A future that runs inside a span, which ends with it.
    ///
    /// The span is current during each poll and not between them. A future that is dropped before it is done leaves
    /// `traced.cancelled = true` on its span.
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct InSpan<F, O> {
        // Both are gone when the future is done.
        #[pin]
        future: Option<F>,
        span: Option<OpenSpan>,
        note: O,
    }

    impl<F, O> PinnedDrop for InSpan<F, O> {
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

impl<F: Future, O: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r F::Output)> InSpan<F, O> {
    /// Runs `future` in `span`, if there is one; `note` sees what it returns.
    pub(crate) fn new(span: Option<OpenSpan>, future: F, note: O) -> Self {
        Self { future: Some(future), span, note }
    }

    /// Runs `future` in the span that `start` opens now; `note` sees what it returns.
    pub fn open(start: Start<'_>, future: F, note: O) -> Self {
        Self::new(recorder::open(start), future, note)
    }

    /// Runs `future` in no span.
    pub fn off(future: F, note: O) -> Self {
        Self::new(None, future, note)
    }
}

impl<F: Future, O: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r F::Output)> Future for InSpan<F, O> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let mut future = this.future.as_mut().as_pin_mut().expect("`async fn` resumed after completion");
        let Some(span) = this.span.as_ref() else {
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
                span.end();
                *this.span = None;
                Poll::Ready(output)
            }
            Err(panic) => {
                panic.record(span);
                this.future.set(None);
                drop(attached);
                span.end();
                *this.span = None;
                panic.resume()
            }
        }
    }
}

impl<F: fmt::Debug, O> fmt::Debug for InSpan<F, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InSpan").field("future", &self.future).field("span", &self.span).finish_non_exhaustive()
    }
}
