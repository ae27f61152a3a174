//! The wrapping of a service.

use std::fmt;
use std::sync::Arc;

use http::{HeaderName, StatusCode};
use opentelemetry::Context;
use warp::filters::BoxedFilter;
use warp::filters::log::Info;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

use super::answering;
use super::exclude::Pattern;
use super::request::Request;
use crate::recorder::{self, wire::OwnKey};
use crate::span::caught;

/// A server span for each request; see the [module](super).
pub fn trace() -> Trace {
    Trace::default()
}

/// How requests are traced; made by [`trace`].
#[derive(Debug, Clone, Default)]
#[must_use = "nothing is traced until a service is wrapped: `trace().wrap(routes)`"]
pub struct Trace(Settings);

#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) excluded: Vec<Pattern>,
    pub(super) correlation: Option<Correlation>,
    pub(super) request_headers: Vec<HeaderName>,
    pub(super) response_headers: Vec<HeaderName>,
    pub(super) sensitive: Vec<String>,
    pub(super) baggage: Vec<String>,
    pub(super) forwarded: bool,
    pub(super) scheme: &'static str,
    pub(super) on_panic: Option<OnPanic>,
    /// The capture of a test, into which the requests that a server handles on its own tasks are to go, too.
    pub(super) context: Option<Context>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            excluded: Vec::new(),
            correlation: None,
            request_headers: Vec::new(),
            response_headers: Vec::new(),
            sensitive: Vec::new(),
            baggage: Vec::new(),
            forwarded: false,
            scheme: "http",
            on_panic: None,
            context: None,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Correlation {
    pub(super) header: HeaderName,
    pub(super) attribute: OwnKey,
}

impl Trace {
    /// No span for requests to `path`: exactly it, or with `*` at its end every path that begins so.
    ///
    /// `/health` does not hide `/healthz`. The spans of what such a request calls start traces of their own.
    pub fn exclude(mut self, path: &str) -> Self {
        self.0.excluded.push(Pattern::new(path));
        self
    }

    /// A correlation id on every request: taken from `header` when that is one, else a new UUID.
    ///
    /// One is at most 128 characters of printable ASCII, and holds no `@`, so that it is no e-mail address.
    ///
    /// It is on the span as `attribute`, in the answer as `header`, and in handlers as
    /// [`correlation_id`](super::correlation_id). Excluded requests have one, too. A rejection that nothing in the wrapped
    /// service [recovers](Filter::recover) becomes an answer only inside warp, where no header can be added: recover before
    /// wrapping.
    ///
    /// # Panics
    ///
    /// If `header` is not the name of a header.
    #[track_caller]
    pub fn correlation_id(mut self, header: &str, attribute: impl Into<String>) -> Self {
        self.0.correlation =
            Some(Correlation { header: header_name(header), attribute: OwnKey::new(attribute.into()) });
        self
    }

    /// Records a request header as `http.request.header.<name>`. Choose none that carries a secret.
    ///
    /// # Panics
    ///
    /// If `name` is not the name of a header.
    #[track_caller]
    pub fn request_header(mut self, name: &str) -> Self {
        self.0.request_headers.push(header_name(name));
        self
    }

    /// Records a response header as `http.response.header.<name>`. Choose none that carries a secret.
    ///
    /// # Panics
    ///
    /// If `name` is not the name of a header.
    #[track_caller]
    pub fn response_header(mut self, name: &str) -> Self {
        self.0.response_headers.push(header_name(name));
        self
    }

    /// Masks the value of a query parameter, besides those that are masked anyway (tokens, signatures, passwords, ...).
    pub fn sensitive_query(mut self, key: &str) -> Self {
        self.0.sensitive.push(key.to_lowercase());
        self
    }

    /// Records the member `key` of the request's baggage as an attribute of that name. No other member is recorded.
    pub fn baggage(mut self, key: &str) -> Self {
        self.0.baggage.push(key.to_owned());
        self
    }

    /// Believes `Forwarded` and `X-Forwarded-For`, `-Host` and `-Proto`: client, host and scheme are those that the first
    /// proxy saw. Only for services that none but a proxy reaches, since any client can send them.
    pub fn trust_forwarded(mut self) -> Self {
        self.0.forwarded = true;
        self
    }

    /// The service is reached over HTTPS, by a proxy that ends it: `url.scheme` and the default port say so.
    pub fn https(mut self) -> Self {
        self.0.scheme = "https";
        self
    }

    /// What is answered when a filter or handler has panicked, instead of a plain `500 Internal Server Error`.
    ///
    /// It runs in the request's context; the panic itself is recorded on the span, not shown to the client.
    ///
    /// ```
    /// use warp::http::StatusCode;
    ///
    /// let trace = traced::warp::trace().on_panic(|| {
    ///     warp::reply::with_status(r#"{"detail":"Internal Server Error"}"#, StatusCode::INTERNAL_SERVER_ERROR)
    /// });
    /// ```
    pub fn on_panic<R: Reply>(mut self, answer: impl Fn() -> R + Send + Sync + 'static) -> Self {
        self.0.on_panic = Some(OnPanic(Arc::new(move || answer().into_response())));
        self
    }

    /// The service `routes`, traced.
    ///
    /// A panic in them is recorded and answered ([`on_panic`](Trace::on_panic)); the connection goes on.
    ///
    /// warp seals its `Wrap` trait, so a builder can't be given to [`Filter::with`]; inside a chain write
    /// `routes.with(warp::wrap_fn(|routes| trace.clone().wrap(routes)))`.
    pub fn wrap<F, R>(self, routes: F) -> BoxedFilter<(Response,)>
    where
        F: Filter<Extract = (R,)> + Clone + Send + Sync + 'static,
        F::Error: Into<Rejection>,
        R: Reply + Send + 'static,
    {
        let mut settings = self.0;
        settings.context = Context::map_current(|cx| recorder::is_capture(cx).then(|| recorder::only_capture(cx)));
        let settings = Arc::new(settings);

        let leaving = {
            let settings = Arc::clone(&settings);
            move |reply: R| {
                let mut response = reply.into_response();
                current(|request| request.leave(&settings, &mut response));
                response
            }
        };
        let answered = |info: Info<'_>| current(|request| request.answered(info.status()));
        let filters = routes.map(leaving).with(warp::log::custom(answered));
        let open = answering::opener(Arc::clone(&settings));
        warp::any().and_then(move || answering::answer(&open, &filters, Arc::clone(&settings))).boxed()
    }
}

impl Settings {
    /// What is answered when a filter or handler has panicked.
    pub(super) fn panic_response(&self) -> Response {
        let plain =
            || warp::reply::with_status("Internal Server Error", StatusCode::INTERNAL_SERVER_ERROR).into_response();
        match &self.on_panic {
            // Neither may the answer itself take the connection with it.
            Some(answer) => caught(|| (answer.0)()).unwrap_or_else(|_| plain()),
            None => plain(),
        }
    }
}

/// Makes the answer to a request whose handler has panicked.
#[derive(Clone)]
pub(super) struct OnPanic(Arc<dyn Fn() -> Response + Send + Sync>);

impl fmt::Debug for OnPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnPanic")
    }
}

/// The request that is being handled here.
fn current(with: impl FnOnce(&Request)) {
    Context::map_current(|cx| {
        if let Some(request) = cx.get::<Arc<Request>>() {
            with(request);
        }
    });
}

#[track_caller]
fn header_name(name: &str) -> HeaderName {
    match name.parse() {
        Ok(name) => name,
        Err(_) => panic!("{name:?} is not the name of a header"),
    }
}
