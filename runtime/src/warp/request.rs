//! One request under way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{HeaderMap, Method, StatusCode, Version, header};
use opentelemetry::Context;
use opentelemetry::trace::{SpanKind, Status};
use warp::trace::Info;

use super::trace::Settings;
use super::{correlation, url};
use crate::propagation;
use crate::recorder::{self, OpenSpan};
use crate::span::{AsParent as _, Site, Start};
use crate::value::Fields;

static SITE: Site =
    Site::new("HTTP", "traced::warp", file!(), line!()).with_kind(SpanKind::Server).with_scope("traced::warp");

/// One request under way: what is written on its span, wherever in the filters it becomes known.
pub(super) struct Request {
    span: Option<OpenSpan>,
    method: &'static str,
    pub(super) correlation_id: Option<Arc<str>>,
    /// Whether an answer, or a panic, says how it ended; what is dropped without was cancelled.
    done: AtomicBool,
}

impl Request {
    /// Opens the span of the request that `info` describes; gives it and the context that its filters run in.
    pub(super) fn open(settings: &Settings, info: &Info<'_>) -> (Arc<Self>, Context) {
        let headers = info.request_headers();
        let base = settings.context.clone().unwrap_or_else(Context::current);
        let correlation_id = settings.correlation.as_ref().map(|c| correlation::accept(headers.get(&c.header)));
        let method = known(info.method());
        let excluded = settings.excluded.iter().any(|pattern| pattern.matches(info.path()));
        let span = if SITE.is_on() && !excluded {
            let parent = propagation::extract_with(&base, headers);
            let mut attributes =
                |fields: &mut Fields<'_>| record(settings, info, headers, correlation_id.as_deref(), fields);
            recorder::open(Start::new(&SITE, &mut attributes).name(method).parent(parent.as_parent()))
        } else {
            None
        };
        let context = match &span {
            Some(span) => span.context().clone(),
            // Baggage and a remote parent go on, though nobody records here.
            None if !excluded => propagation::extract_with(&base, headers),
            None => base,
        };
        let request = Arc::new(Self { span, method, correlation_id, done: AtomicBool::new(false) });
        let context = context.with_value(Arc::clone(&request));
        (request, context)
    }

    pub(super) fn set_route(&self, template: &'static str) {
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
            fields.slot("client.address").display(&address);
            fields.slot("network.peer.address").display(&address);
            fields.set("network.peer.port", &peer.port());
        });
    }

    pub(super) fn set_response_headers(&self, settings: &Settings, headers: &HeaderMap) {
        let Some(span) = self.span.as_ref().filter(|_| !settings.response_headers.is_empty()) else { return };
        span.set(&mut |fields| capture("http.response.header.", &settings.response_headers, headers, fields));
    }

    /// The answer is made. 5xx is the server's error; 4xx is the client's, which the conventions leave unset here.
    pub(super) fn answered(&self, status: StatusCode) {
        self.done.store(true, Ordering::Relaxed);
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

/// The method, if it is one that the conventions know; a client must not be able to make up span names.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "CONNECT" => "CONNECT",
        "OPTIONS" => "OPTIONS",
        "TRACE" => "TRACE",
        "PATCH" => "PATCH",
        "QUERY" => "QUERY",
        // The conventions have this as the name, and `_OTHER` as the attribute.
        _ => "HTTP",
    }
}

fn record(
    settings: &Settings,
    info: &Info<'_>,
    headers: &HeaderMap,
    correlation_id: Option<&str>,
    fields: &mut Fields<'_>,
) {
    let method = known(info.method());
    if method == "HTTP" {
        fields.slot("http.request.method").static_str("_OTHER");
        fields.set("http.request.method_original", info.method().as_str());
    } else {
        fields.slot("http.request.method").static_str(method);
    }
    fields.set("url.path", info.path());
    fields.slot("url.scheme").static_str(settings.scheme);
    if let Some(host) = info.host() {
        let (name, port) = url::host_and_port(host);
        fields.set("server.address", name);
        let default = if settings.scheme == "https" { 443_u16 } else { 80 };
        fields.set("server.port", &port.unwrap_or(default));
    }
    fields.set(
        "network.protocol.version",
        &match info.version() {
            Version::HTTP_09 => Some("0.9"),
            Version::HTTP_10 => Some("1.0"),
            Version::HTTP_11 => Some("1.1"),
            Version::HTTP_2 => Some("2"),
            Version::HTTP_3 => Some("3"),
            _ => None,
        },
    );
    let user_agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    fields.set("user_agent.original", &user_agent);
    if let (Some(correlation), Some(id)) = (&settings.correlation, correlation_id) {
        fields.set_dynamic(&correlation.attribute, id);
    }
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
