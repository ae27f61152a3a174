//! Spans of requests that are served.

use super::Level::{OptIn, Recommended, Required, When};
use super::{Attribute, Kind, Table, attribute, int, text};

/// The methods of RFC 9110, PATCH of RFC 5789 and QUERY; any other is `_OTHER`.
pub(super) const METHODS: &[&str] =
    &["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY", "_OTHER"];

pub(super) static SPAN: Table = Table {
    title: "HTTP server span",
    source: "https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span",
    attributes: ATTRIBUTES,
};

const ATTRIBUTES: &[Attribute] = &[
    text("http.request.method", Required).one_of(METHODS),
    text("url.path", Required),
    text("url.scheme", Required).one_of(&["http", "https"]),
    // If the request ended with an error: 500 and above, a panic.
    text("error.type", When(|span| span.failed || span.number("http.response.status_code") >= Some(500))),
    text("http.request.method_original", When(|span| span.text("http.request.method") == Some("_OTHER"))),
    // If one was sent: neither after a panic nor to a client that has gone.
    int(
        "http.response.status_code",
        When(|span| span.text("error.type") != Some("panic") && !span.has("traced.cancelled")),
    ),
    // If one matched: the name has it then, after the method.
    text("http.route", When(|span| span.name.contains(' '))),
    text("network.protocol.name", When(|_| false)),
    int("server.port", When(|span| span.has("server.address"))),
    // If there is one, which the session knows: see `session`.
    text("url.query", When(|_| false)),
    text("client.address", Recommended),
    text("network.peer.address", Recommended),
    int("network.peer.port", When(|span| span.has("network.peer.address"))),
    text("network.protocol.version", Recommended).one_of(&["0.9", "1.0", "1.1", "2", "3"]),
    text("server.address", Recommended),
    text("user_agent.original", Recommended),
    attribute("http.request.header", Kind::Strings, OptIn).template(),
    attribute("http.response.header", Kind::Strings, OptIn).template(),
];
