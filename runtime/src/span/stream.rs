//! Streams that run inside a span.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use opentelemetry::trace::Status;
use pin_project_lite::pin_project;

use super::state::State;
use super::{Pending, panics};
use crate::outcome::Outcome;

pin_project! {
    /// A stream that runs inside a span, from its first poll to its end.
    ///
    /// The span is current while an item is made and not between them. A stream that is dropped before its end leaves
    /// `traced.cancelled = true` on its span.
    #[must_use = "streams do nothing unless polled"]
    pub struct StreamInSpan<S, N> {
        // Gone when the stream has ended.
        #[pin]
        stream: Option<S>,
        // See `InSpan`.
        span: AssertUnwindSafe<State>,
        // What the items said: an error of any of them stays, success holds when all were well.
        status: Status,
        note: N,
    }

    impl<S, N> PinnedDrop for StreamInSpan<S, N> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.stream.is_some() {
                this.span.leave();
                // Before the span's own field, whichever stands first.
                this.stream.set(None);
            }
        }
    }
}

/// `stream` inside the span that opens at its first poll; `note` sees each item.
pub fn returned_stream<S: Stream, N: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r S::Item)>(
    pending: Pending,
    stream: S,
    note: N,
) -> StreamInSpan<S, N> {
    StreamInSpan { stream: Some(stream), span: AssertUnwindSafe(State::later(pending)), status: Status::Unset, note }
}

impl<S: Stream, N: for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r S::Item)> Stream for StreamInSpan<S, N> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        let Some(mut stream) = this.stream.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        let Some(attached) = this.span.attach() else {
            let item = ready!(stream.poll_next(cx));
            if item.is_none() {
                this.stream.set(None);
            }
            return Poll::Ready(item);
        };
        match panics::caught(|| stream.as_mut().poll_next(cx)) {
            Ok(Poll::Pending) => {
                this.span.detach(attached);
                Poll::Pending
            }
            Ok(Poll::Ready(Some(item))) => {
                let said = Outcome::note_one_of_many(this.span.span(), &item, this.note);
                if let (Some(said), false) = (said, matches!(this.status, Status::Error { .. })) {
                    *this.status = said;
                }
                this.span.detach(attached);
                Poll::Ready(Some(item))
            }
            Ok(Poll::Ready(None)) => {
                this.stream.set(None);
                if *this.status == Status::Ok {
                    this.span.span().set_status(Status::Ok);
                }
                this.span.finish(Some(attached));
                Poll::Ready(None)
            }
            Err(panic) => {
                panic.record(this.span.span());
                this.stream.set(None);
                this.span.finish(Some(attached));
                panic.resume()
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.as_ref().map_or((0, Some(0)), Stream::size_hint)
    }
}

impl<S: fmt::Debug, N> fmt::Debug for StreamInSpan<S, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamInSpan").field("stream", &self.stream).finish_non_exhaustive()
    }
}
