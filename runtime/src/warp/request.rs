//! One request under way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{HeaderMap, StatusCode, header};
use opentelemetry::Context;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::{SpanKind, Status};
use warp::trace::Info;

use super::correlation;
use super::forwarded::Forwarded;
use super::trace::Settings;
use crate::metrics::Exchange;
use crate::propagation::{self, url};
use crate::recorder::{self, OpenSpan};
use crate::span::{AsParent as _, Site, Start};
use crate::value::Fields;

static SITE: Site = Site::new("HTTP", "traced::warp").with_kind(SpanKind::Server);

/// One request under way: what is written on its span, wherever in the filters it becomes known.
pub(super) struct Request {
    span: Option<OpenSpan>,
    exchange: Option<Exchange>,
    method: &'static str,
    pub(super) correlation_id: Option<Arc<str>>,
    /// What proxies say, where they are trusted.
    forwarded: Forwarded,
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
        let span = if SITE.is_on() && !excluded {
            let parent = propagation::extract_with(&base, headers);
            let mut attributes = |fields: &mut Fields<'_>| {
                record(settings, info, &forwarded, fields);
                if let (Some(correlation), Some(id)) = (&settings.correlation, &correlation_id) {
                    fields.set_dynamic(&correlation.attribute, id);
                }
                for key in &settings.baggage {
                    fields.set_dynamic(key, &parent.baggage().get(key).map(|value| value.as_str()));
                }
            };
            recorder::open(Start::new(&SITE, &mut attributes).name(method).parent(parent.as_parent())).open()
        } else {
            None
        };
        let context = match &span {
            Some(span) => span.context().clone(),
            // Baggage and a remote parent go on, though nobody records here.
            None if !excluded => propagation::extract_with(&base, headers),
            None => base,
        };
        let exchange = if excluded { None } else { measured(settings, info, &forwarded) };
        let host = info.host().is_some() || forwarded.host.is_some();
        let request = Self { span, exchange, method, correlation_id, forwarded, host, done: AtomicBool::new(false) };
        let request = Arc::new(request);
        let context = context.with_value(Arc::clone(&request));
        (request, context)
    }

    pub(super) fn set_route(&self, template: &'static str) {
        if let Some(exchange) = &self.exchange {
            exchange.set_route(template);
        }
        let Some(span) = &self.span else { return };
        span.update_name(format!("{} {template}", self.method));
        span.set(&mut |fields| fields.slot("http.route").static_str(template));
    }

    pub(super) fn set_query(&self, settings: &Settings, query: &str) {
        let Some(span) = self.span.as_ref().filter(|_| !query.is_empty()) else { return };
        span.set(&mut |fields| fields.set("url.query", &url::redacted(query, &settings.sensitive)));
    }

    pub(super) fn set_peer(&self, peer: SocketAddr) {
        let Some(span) = &self.span else { return };
        span.set(&mut |fields| {
            let address = peer.ip().to_canonical();
            if self.forwarded.client.is_none() {
                fields.slot("client.address").display(&address);
            }
            fields.slot("network.peer.address").display(&address);
            fields.set("network.peer.port", &peer.port());
        });
    }

    /// The host that HTTP/2 names beside its headers.
    pub(super) fn set_authority(&self, settings: &Settings, authority: &str) {
        let Some(span) = self.span.as_ref().filter(|_| !self.host) else { return };
        let scheme = self.forwarded.scheme.unwrap_or(settings.scheme);
        span.set(&mut |fields| record_host(scheme, authority, fields));
    }

    pub(super) fn set_response_headers(&self, settings: &Settings, headers: &HeaderMap) {
        let Some(span) = self.span.as_ref().filter(|_| !settings.response_headers.is_empty()) else { return };
        span.set(&mut |fields| capture("http.response.header.", &settings.response_headers, headers, fields));
    }

    /// The size of the answer's body, where that is known before it is sent.
    pub(super) fn set_response_size(&self, size: Option<u64>) {
        if let (Some(exchange), Some(size)) = (&self.exchange, size) {
            exchange.set_response_size(size);
        }
    }

    /// The answer is made. 5xx is the server's error; 4xx is the client's, which the conventions leave unset here.
    pub(super) fn answered(&self, status: StatusCode) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(exchange) = &self.exchange {
            exchange.answered(status.as_u16());
        }
        let Some(span) = &self.span else { return };
        span.set(&mut |fields| {
            fields.set("http.response.status_code", &status.as_u16());
            if status.is_server_error() {
                fields.set("error.type", status.as_str());
            }
        });
        if status.is_server_error() {
            span.set_status(Status::error(""));
        }
    }

    /// A filter or handler panicked: warp has no answer then, hyper closes the connection.
    pub(super) fn panicked(&self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(exchange) = &self.exchange {
            exchange.panicked();
        }
        let Some(span) = &self.span else { return };
        span.event("exception", &mut |fields| fields.slot("exception.type").static_str("panic"));
        span.set(&mut |fields| fields.slot("error.type").static_str("panic"));
        span.set_status(Status::error("panicked"));
    }

    /// The filters' future is gone.
    pub(super) fn end(&self) {
        let Some(span) = &self.span else { return };
        if !self.done.load(Ordering::Relaxed) {
            span.set(&mut |fields| fields.slot("traced.cancelled").bool(true));
        }
        span.end();
    }
}

/// The metrics of a request; its body is as long as it says.
fn measured(settings: &Settings, info: &Info<'_>, forwarded: &Forwarded) -> Option<Exchange> {
    let length =
        info.request_headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let scheme = forwarded.scheme.unwrap_or(settings.scheme);
    Exchange::begin(url::known_method(info.method()), scheme, url::version(info.version()), length)
}

fn record(settings: &Settings, info: &Info<'_>, forwarded: &Forwarded, fields: &mut Fields<'_>) {
    let headers = info.request_headers();
    url::record_method(info.method(), fields);
    fields.set("url.path", info.path());
    let scheme = forwarded.scheme.unwrap_or(settings.scheme);
    fields.slot("url.scheme").static_str(scheme);
    if let Some(host) = forwarded.host.as_deref().or(info.host()) {
        record_host(scheme, host, fields);
    }
    fields.set("client.address", &forwarded.client);
    fields.set("network.protocol.version", &url::version(info.version()));
    let user_agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    fields.set("user_agent.original", &user_agent);
    capture("http.request.header.", &settings.request_headers, headers, fields);
}

/// The server, as the client names it; the port by the scheme when it names none.
fn record_host(scheme: &str, host: &str, fields: &mut Fields<'_>) {
    let (name, port) = url::host_and_port(host);
    fields.set("server.address", name);
    fields.set("server.port", &port.unwrap_or(if scheme == "https" { 443 } else { 80 }));
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
