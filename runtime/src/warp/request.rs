//! One request under way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body::Body as _;
use opentelemetry::Context;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::{SpanKind, Status};
use warp::filters::log::Info;
use warp::reply::Response;

use super::correlation;
use super::forwarded::Forwarded;
use super::recurring;
use super::trace::Settings;
use crate::metrics::Exchange;
use crate::propagation::{self, url};
use crate::recorder::{self, OpenSpan};
use crate::span::{AsParent as _, More, Panic, Site, Start};
use crate::telemetry::{Warning, wrong_use};
use crate::value::{Fields, key};

/// A call site for each name that a span has before its route is known: one that a site has is encoded at once.
macro_rules! sites {
    ($($method:literal)*) => {
        fn site(method: &str) -> &'static Site {
            match method {
                $($method => {
                    static SITE: Site = site_named($method);
                    &SITE
                })*
                _ => {
                    static SITE: Site = site_named(OTHER);
                    &SITE
                }
            }
        }
    };
}

sites!("GET" "HEAD" "POST" "PUT" "DELETE" "CONNECT" "OPTIONS" "TRACE" "PATCH" "QUERY");

/// What filters name them by, whatever the method.
const OTHER: &str = "HTTP";

const fn site_named(name: &'static str) -> Site {
    const MORE: &More = &More { scope: None, function: Some(OTHER), code: None };
    Site::new(name, "traced::warp").with_kind(SpanKind::Server).with(MORE)
}

/// One request under way: what is written on its span, wherever in the filters it becomes known.
pub(super) struct Request {
    /// If somebody records it.
    span: Option<OpenSpan>,
    /// None once the request has ended, though what it has started may go on in its context.
    exchange: Mutex<Option<Exchange>>,
    method: &'static str,
    /// Whether a marker has told its route.
    routed: AtomicBool,
    pub(super) correlation_id: Option<Arc<str>>,
    /// What proxies say, where they are trusted.
    forwarded_scheme: Option<&'static str>,
    /// Whether the request's headers name the host; HTTP/2 has it elsewhere.
    host: bool,
    /// Whether an answer, or a panic, says how it ended; what is dropped without was cancelled.
    done: AtomicBool,
}

impl Request {
    /// Opens the span of the request that `info` describes; gives it and the context that its filters run in.
    pub(super) fn open(settings: &Settings, info: &Info<'_>) -> (Arc<Self>, Context) {
        let headers = info.request_headers();
        let base = settings.context.clone().unwrap_or_else(Context::current);
        let correlation_id = settings.correlation.as_ref().map(|c| correlation::accept(headers.get(&c.header)));
        let method = url::known_method(info.method());
        let excluded = settings.excluded.iter().any(|pattern| pattern.matches(info.path()));
        let forwarded = if settings.forwarded { Forwarded::read(headers) } else { Forwarded::default() };
        let host = forwarded.host.as_deref().or_else(|| info.host());
        let site = site(method);
        let span = if site.is_on() && !excluded {
            let parent = propagation::extract_with(&base, headers);
            let mut attributes = |fields: &mut Fields<'_>| {
                url::record_method_as(method, info.method(), fields);
                record(settings, info, &forwarded, host, fields);
                if let (Some(correlation), Some(id)) = (&settings.correlation, &correlation_id) {
                    fields.put_own(&correlation.attribute, id);
                }
                for key in &settings.baggage {
                    fields.set_dynamic(key, &parent.baggage().get(key).map(|value| value.as_str()));
                }
            };
            recorder::open(Start::new(site, &mut attributes).parent(parent.as_parent())).open()
        } else {
            None
        };
        let context = match &span {
            Some(span) => span.context().clone(),
            // Baggage and a remote parent go on, though nobody records here.
            None if !excluded => propagation::extract_with(&base, headers),
            None => base,
        };
        // One that nobody records is in the context, and nothing need be put together for it.
        let span = span.filter(OpenSpan::is_recording);
        let exchange = if excluded { None } else { measured(settings, info, method, &forwarded) };
        let request = Arc::new(Self {
            span,
            exchange: Mutex::new(exchange),
            method,
            routed: AtomicBool::new(false),
            correlation_id,
            host: host.is_some(),
            forwarded_scheme: forwarded.scheme,
            done: AtomicBool::new(false),
        });
        let context = context.with_value(Arc::clone(&request));
        (request, context)
    }

    pub(super) fn set_route(&self, template: &'static str) {
        self.routed.store(true, Ordering::Relaxed);
        self.measure(|exchange| exchange.set_route(template));
        let Some(span) = &self.span else { return };
        span.name_of(&[self.method, " ", template]);
        span.put(key!("http.route"), template);
    }

    pub(super) fn is_recorded(&self) -> bool {
        self.span.is_some()
    }

    /// Whether its headers name the host.
    pub(super) fn has_host(&self) -> bool {
        self.host
    }

    pub(super) fn set_query(&self, settings: &Settings, query: &str) {
        let Some(span) = self.span.as_ref().filter(|_| !query.is_empty()) else { return };
        span.put(key!("url.query"), &*url::redacted(query, &settings.sensitive));
    }

    /// The host that HTTP/2 names beside its headers.
    pub(super) fn set_authority(&self, settings: &Settings, authority: &str) {
        let Some(span) = &self.span else { return };
        let scheme = self.forwarded_scheme.unwrap_or(settings.scheme);
        span.set(&mut |fields| recurring::host(scheme, authority, fields));
    }

    /// What every answer gets, and what is told of it.
    pub(super) fn leave(&self, settings: &Settings, response: &mut Response) {
        if let (Some(correlation), Some(id)) = (&settings.correlation, &self.correlation_id)
            && let Ok(id) = HeaderValue::from_str(id)
        {
            response.headers_mut().insert(correlation.header.clone(), id);
        }
        if let Some(span) = self.span.as_ref().filter(|_| !settings.response_headers.is_empty()) {
            let headers = response.headers();
            span.set(&mut |fields| capture("http.response.header.", &settings.response_headers, headers, fields));
        }
        self.set_response_size(response.body().size_hint().exact());
    }

    /// The size of the answer's body, once that is known.
    pub(super) fn set_response_size(&self, size: Option<u64>) {
        if let Some(size) = size {
            self.measure(|exchange| exchange.set_response_size(size));
        }
    }

    /// The answer is made. 5xx is the server's error; 4xx is the client's, which the conventions leave unset here.
    pub(super) fn answered(&self, status: StatusCode) {
        self.done.store(true, Ordering::Relaxed);
        self.measure(|exchange| exchange.answered(status.as_u16()));
        let Some(span) = &self.span else { return };
        span.put(key!("http.response.status_code"), &status.as_u16());
        if status.is_server_error() {
            span.put(key!("error.type"), status.as_str());
            span.set_status(Status::error(""));
        }
        // What is not found has no route, and preflights are answered before there is one.
        let served = status.is_success() && self.method != Method::OPTIONS.as_str();
        if served && !self.routed.load(Ordering::Relaxed) {
            static SAID: AtomicBool = AtomicBool::new(false);
            wrong_use::once(&SAID, || Warning::RouteMissing { method: self.method });
        }
    }

    /// A filter or handler panicked, and `status` was answered instead.
    pub(super) fn panicked(&self, panic: &Panic, status: StatusCode) {
        self.done.store(true, Ordering::Relaxed);
        self.measure(|exchange| exchange.panicked(Some(status.as_u16())));
        let Some(span) = &self.span else { return };
        span.put(key!("http.response.status_code"), &status.as_u16());
        panic.record(span);
    }

    /// The body could not be made to its end. Its error may hold anything: only that there was one is told.
    pub(super) fn body_failed(&self) {
        const KIND: &str = "response_body";
        self.measure(|exchange| exchange.failed(KIND));
        let Some(span) = &self.span else { return };
        span.put(key!("error.type"), KIND);
        span.set_status(Status::error("the response's body failed"));
    }

    /// What makes the body panicked.
    pub(super) fn body_panicked(&self, panic: &Panic) {
        self.measure(|exchange| exchange.panicked(None));
        if let Some(span) = &self.span {
            panic.record(span);
        }
    }

    /// The client has hung up before it had the whole body.
    pub(super) fn cut_off(&self) {
        self.done.store(false, Ordering::Relaxed);
    }

    /// Whether anybody wants to know when it ends.
    pub(super) fn is_watched(&self) -> bool {
        self.span.is_some() || self.exchange.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Whether its answer has no body, whatever the headers say.
    pub(super) fn is_head(&self) -> bool {
        self.method == Method::HEAD.as_str()
    }

    /// All is sent, or nobody waits for it any more.
    pub(super) fn end(&self) {
        let exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner).take();
        let done = self.done.load(Ordering::Relaxed);
        if let Some(exchange) = exchange {
            exchange.end(done);
        }
        let Some(span) = &self.span else { return };
        if !done {
            span.put(key!("traced.cancelled"), &true);
        }
        span.end();
    }

    fn measure(&self, with: impl FnOnce(&Exchange)) {
        if let Some(exchange) = &*self.exchange.lock().unwrap_or_else(PoisonError::into_inner) {
            with(exchange);
        }
    }
}

/// The metrics of a request; its body is as long as it says.
fn measured(settings: &Settings, info: &Info<'_>, method: &'static str, forwarded: &Forwarded) -> Option<Exchange> {
    let length =
        info.request_headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let scheme = forwarded.scheme.unwrap_or(settings.scheme);
    Exchange::begin(url::recorded(method), scheme, url::version(info.version()), length)
}

fn record(settings: &Settings, info: &Info<'_>, forwarded: &Forwarded, host: Option<&str>, fields: &mut Fields<'_>) {
    let headers = info.request_headers();
    fields.put(key!("url.path"), info.path());
    recurring::server(forwarded.scheme.unwrap_or(settings.scheme), url::version(info.version()), host, fields);
    let client = forwarded.client.as_deref();
    match info.remote_addr() {
        Some(peer) => {
            recurring::peer(peer.ip().to_canonical(), client, fields);
            fields.put(key!("network.peer.port"), &peer.port());
        }
        None => fields.put(key!("client.address"), &client),
    }
    let user_agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    fields.put(key!("user_agent.original"), &user_agent);
    capture("http.request.header.", &settings.request_headers, headers, fields);
}

/// The chosen headers, each with all its values.
fn capture(prefix: &str, chosen: &[http::HeaderName], headers: &HeaderMap, fields: &mut Fields<'_>) {
    for name in chosen {
        let values: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        if !values.is_empty() {
            fields.set_dynamic(&format!("{prefix}{name}"), &values);
        }
    }
}
