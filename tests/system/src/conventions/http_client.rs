//! Spans of requests that are sent.

use super::Level::{Recommended, Required, When};
use super::http_server::METHODS;
use super::{Attribute, Table, int, text};

pub(super) static SPAN: Table = Table {
    title: "HTTP client span",
    source: "https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span",
    attributes: ATTRIBUTES,
};

const ATTRIBUTES: &[Attribute] = &[
    text("http.request.method", Required).one_of(METHODS),
    text("server.address", Required),
    int("server.port", Required),
    text("url.full", Required),
    // If the request ended with an error, for a client 400 and above.
    text("error.type", When(|span| span.failed || span.number("http.response.status_code") >= Some(400))),
    text("http.request.method_original", When(|span| span.text("http.request.method") == Some("_OTHER"))),
    // If one was received: an error of another kind says that there was none.
    int("http.response.status_code", When(|span| !span.failed && !span.has("traced.cancelled"))),
    text("network.protocol.name", When(|_| false)),
    text("network.protocol.version", Recommended).one_of(&["0.9", "1.0", "1.1", "2", "3"]),
];
