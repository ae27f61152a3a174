//! The future of a request: its filters, with the request's context around every poll.

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll, ready};

use opentelemetry::Context;
use pin_project_lite::pin_project;
use warp::filters::log::Info;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use super::body;
use super::request::Request;
use super::seal;
use super::trace::Settings;
use crate::span::caught;

/// One request under way, and the context that its filters run in.
#[derive(Clone)]
pub(super) struct Handled {
    pub(super) request: Arc<Request>,
    pub(super) context: Context,
}

thread_local! {
    /// The request that is being opened: warp shows what it knows of one to closures alone, which give nothing back.
    static OPENED: RefCell<Option<Handled>> = const { RefCell::new(None) };
}

/// Opens the request that is being handled where it is called.
pub(super) fn opener(settings: Arc<Settings>) -> impl Fn() -> Option<Handled> + Clone + Send + Sync + 'static {
    let open = {
        let settings = Arc::clone(&settings);
        move |info: Info<'_>| {
            let (request, context) = Request::open(&settings, &info);
            OPENED.set(Some(Handled { request, context }));
        }
    };
    let info = warp::any().map(warp::reply).with(warp::log::custom(open));
    let (query, host) = (warp::query::raw(), warp::host::optional());
    move || {
        seal::ask(&info);
        let handled = OPENED.take()?;
        let request = &handled.request;
        if request.is_recorded() {
            if let Some((query,)) = seal::ask(&query) {
                request.set_query(&settings, &query);
            }
            if let Some(host) = (!request.has_host()).then(|| seal::ask(&host)).flatten().and_then(|(host,)| host) {
                request.set_authority(&settings, host.as_str());
            }
        }
        Some(handled)
    }
}

pin_project! {
    /// The answer to a request, by the filters whose future is `F`.
    pub(super) struct Answering<F> {
        // None once it has ended: what it holds is dropped in the request's context, too.
        #[pin]
        filters: Option<F>,
        handled: Option<Handled>,
        settings: Arc<Settings>,
    }

    impl<F> PinnedDrop for Answering<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(handled) = this.handled.take() {
                end(this.filters, &handled);
            }
        }
    }
}

/// Begins to answer the request that is being handled here, which `open` opens.
pub(super) fn answer<F: Filter>(
    open: &impl Fn() -> Option<Handled>,
    filters: &F,
    settings: Arc<Settings>,
) -> Answering<F::Future> {
    let handled = open();
    let _attached = handled.as_ref().map(|handled| handled.context.clone().attach());
    Answering { filters: Some(seal::start(filters)), handled, settings }
}

impl<F, R, E> Future for Answering<F>
where
    F: Future<Output = Result<(R,), E>>,
    R: Reply,
    E: Into<Rejection>,
{
    type Output = Result<Response, Rejection>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(handled) = this.handled.as_ref() else {
            // It was not opened, or this is asked again after the answer.
            let Some(filters) = this.filters.as_pin_mut() else { return Poll::Pending };
            return filters.poll(cx).map_ok(|(reply,)| reply.into_response()).map_err(Into::into);
        };
        let attached = handled.context.clone().attach();
        let polled = caught(|| match this.filters.as_mut().as_pin_mut() {
            Some(filters) => filters.poll(cx),
            None => Poll::Pending,
        });
        let answer = match polled {
            // An answer already: what makes it so has done that within.
            Ok(polled) => ready!(polled).map(|(reply,)| reply.into_response()).map_err(Into::into),
            Err(panic) => {
                let mut response = this.settings.panic_response();
                handled.request.panicked(&panic, response.status());
                handled.request.leave(this.settings, &mut response);
                Ok(response)
            }
        };
        drop(attached);
        let Some(handled) = this.handled.take() else { return Poll::Pending };
        match answer {
            Ok(response) if body::is_streamed(&handled, &response) => {
                drop_in(&handled.context, this.filters);
                Poll::Ready(Ok(body::watched(response, handled)))
            }
            answer => {
                end(this.filters, &handled);
                Poll::Ready(answer)
            }
        }
    }
}

/// Ends a request, after what its filters still hold.
fn end<F>(filters: Pin<&mut Option<F>>, handled: &Handled) {
    drop_in(&handled.context, filters);
    handled.request.end();
}

/// What panics while it is dropped has no answer to spoil any more, and must not take the connection with it.
fn drop_in<F>(context: &Context, mut filters: Pin<&mut Option<F>>) {
    let _attached = context.clone().attach();
    let _ = caught(|| filters.set(None));
}
