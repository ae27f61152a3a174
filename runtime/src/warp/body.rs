//! Answers whose bodies are made while they are sent.

use std::error::Error;
use std::pin::Pin;
use std::task::{self, Poll};

use bytes::Bytes;
use futures_core::Stream;
use http::{StatusCode, header};
use http_body::Body;
use opentelemetry::Context;
use warp::reply::{Reply, Response};

use super::answering::Handled;
use crate::span::caught;

/// Whether the body of `response` is yet to be made, so that the request goes on.
///
/// A body that is there as a whole is hyper's from now on, and nobody can see how far it has come.
pub(super) fn is_streamed(handled: &Handled, response: &Response) -> bool {
    let bodiless = [StatusCode::SWITCHING_PROTOCOLS, StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED];
    let body = response.body();
    !body.is_end_stream()
        && body.size_hint().exact().is_none()
        && !bodiless.contains(&response.status())
        && handled.request.is_watched()
        && !handled.request.is_head()
}

/// `response` with a body that ends the request when it ends.
pub(super) fn watched(response: Response, handled: Handled) -> Response {
    let (parts, body) = response.into_parts();
    let length = parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let watched = Watched { body: Some(body), handled: Some(handled), sent: 0, length };
    Response::from_parts(parts, warp::reply::stream(watched).into_response().into_body())
}

/// A body that is being sent. warp's replies have data alone, no trailers.
struct Watched<B> {
    /// None once it has ended.
    body: Option<B>,
    /// None once the request has ended.
    handled: Option<Handled>,
    sent: u64,
    /// How many bytes its header promises: hyper asks for no more than those.
    length: Option<u64>,
}

impl<B> Stream for Watched<B>
where
    B: Body<Data = Bytes, Error: Error + Send + Sync + 'static> + Unpin,
{
    type Item = Result<Bytes, Box<dyn Error + Send + Sync>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let (Some(body), Some(handled)) = (&mut this.body, &this.handled) else { return Poll::Ready(None) };
        let _attached = handled.context.clone().attach();
        loop {
            match caught(|| Pin::new(&mut *body).poll_frame(cx)) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(Some(Ok(frame)))) => {
                    let Ok(data) = frame.into_data() else { continue };
                    this.sent += data.len() as u64;
                    return Poll::Ready(Some(Ok(data)));
                }
                Ok(Poll::Ready(Some(Err(error)))) => {
                    handled.request.body_failed();
                    this.end();
                    return Poll::Ready(Some(Err(error.into())));
                }
                Ok(Poll::Ready(None)) => {
                    this.end();
                    return Poll::Ready(None);
                }
                // The head is sent: all that is left is to break off, as any error of a body does.
                Err(panic) => {
                    handled.request.body_panicked(&panic);
                    this.end();
                    return Poll::Ready(Some(Err("the body panicked".into())));
                }
            }
        }
    }
}

impl<B> Watched<B> {
    /// Drops the body, then ends the request.
    fn end(&mut self) {
        let Some(Handled { request, context }) = self.handled.take() else { return };
        drop_in(context, self.body.take());
        request.set_response_size(Some(self.sent));
        request.end();
    }
}

impl<B> Drop for Watched<B> {
    /// Without all its bytes the client has hung up.
    fn drop(&mut self) {
        if let Some(handled) = &self.handled
            && self.length.is_none_or(|length| self.sent < length)
        {
            handled.request.cut_off();
        }
        self.end();
    }
}

fn drop_in<B>(context: Context, body: Option<B>) {
    let _attached = context.attach();
    let _ = caught(|| drop(body));
}
