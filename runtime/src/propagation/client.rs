//! Client spans for HTTP requests, whatever library sends them.

use std::any::type_name;
use std::borrow::Cow;

use http::{HeaderMap, Method, StatusCode, Version};
use opentelemetry::trace::SpanKind;

use super::{inject, inject_context, url};
use crate::outcome::Outcome;
use crate::span::{self, InSpan, Site, Start};
use crate::value::key;

static SITE: Site = Site::new("HTTP", "traced::http").with_kind(SpanKind::Client);

/// A request that can be sent with [`send`].
pub trait Request {
    /// Its method.
    fn method(&self) -> &Method;
    /// Its URL.
    fn url(&self) -> Cow<'_, str>;
    /// Its headers, into which the context is written.
    fn headers_mut(&mut self) -> &mut HeaderMap;
}

/// An answer to a request that was sent with [`send`].
pub trait Response {
    /// Its status.
    fn status(&self) -> StatusCode;
    /// The version of HTTP that it came by.
    fn version(&self) -> Version;
}

/// Sends `request` by `send`, in a span of kind client that the receiver continues.
///
/// The span is named by the method, carries the attributes of the stable [conventions for HTTP client
/// spans](https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span), and has failed when no answer came
/// or one of 400 and above. User names, passwords and values of sensitive query parameters are masked in `url.full`; an
/// error's text is not recorded, since it often holds the URL.
///
/// ```
/// # async fn example() -> Result<(), std::convert::Infallible> {
/// # struct Client;
/// # impl Client { async fn request(&self, _: http::Request<()>) -> Result<http::Response<()>, std::convert::Infallible> { Ok(http::Response::new(())) } }
/// # let client = Client;
/// let request = http::Request::get("http://inventory.internal/stock/42").body(()).unwrap();
/// let response = traced::propagation::send(request, |request| client.request(request)).await?;
/// # Ok(()) }
/// ```
///
/// With the feature `reqwest` it takes reqwest's requests: `send(client.get(url).build()?, |request| client.execute(request))`.
pub async fn send<Q, F, A, E>(mut request: Q, send: impl FnOnce(Q) -> F) -> Result<A, E>
where
    Q: Request,
    F: Future<Output = Result<A, E>>,
    A: Response,
{
    if !SITE.is_on() {
        inject(request.headers_mut());
        return send(request).await;
    }
    let span = open(&request).open();
    match &span {
        Some(span) => inject_context(span.context(), request.headers_mut()),
        None => inject(request.headers_mut()),
    }
    let call = async move { send(request).await };
    InSpan::new(span.into(), call, |outcome: &mut Outcome<'_, '_>, result: &Result<A, E>| match result {
        Ok(answer) => {
            let status = answer.status();
            let failed = status.is_client_error() || status.is_server_error();
            outcome.attributes(&mut |fields| {
                fields.put(key!("http.response.status_code"), &status.as_u16());
                fields.put(key!("network.protocol.version"), &url::version(answer.version()));
                fields.put(key!("error.type"), &failed.then(|| status.as_str()));
            });
            if failed {
                outcome.status_error("");
            }
        }
        Err(_) => {
            outcome.attributes(&mut |fields| fields.place(key!("error.type")).static_str(type_name::<E>()));
            outcome.status_error("");
        }
    })
    .await
}

fn open<Q: Request>(request: &Q) -> span::Opened {
    let method = url::known_method(request.method());
    let mut attributes = |fields: &mut crate::Fields<'_>| {
        url::record_method(request.method(), fields);
        let full = request.url();
        let (address, port) = url::server(&full);
        fields.put(key!("server.address"), &address);
        fields.put(key!("server.port"), &port);
        fields.put(key!("url.full"), &url::masked(&full));
    };
    span::open(Start::new(&SITE, &mut attributes).name(method))
}

impl<B> Request for http::Request<B> {
    fn method(&self) -> &Method {
        self.method()
    }

    fn url(&self) -> Cow<'_, str> {
        Cow::Owned(self.uri().to_string())
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }
}

impl<B> Response for http::Response<B> {
    fn status(&self) -> StatusCode {
        self.status()
    }

    fn version(&self) -> Version {
        self.version()
    }
}

#[cfg(feature = "reqwest")]
impl Request for reqwest::Request {
    fn method(&self) -> &Method {
        self.method()
    }

    fn url(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.url().as_str())
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }
}

#[cfg(feature = "reqwest")]
impl Response for reqwest::Response {
    fn status(&self) -> StatusCode {
        self.status()
    }

    fn version(&self) -> Version {
        self.version()
    }
}
