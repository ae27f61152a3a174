//! Metrics of an HTTP server: <https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#http-server>.

use super::Instrument::{Histogram, UpDownCounter};
use super::Level::{Recommended, Required, When};
use super::http_server::METHODS;
use super::{Attribute, Metric, int, metric, text};

pub(super) static SERVER: &[Metric] = &[
    metric("http.server.request.duration", Histogram, "s")
        .buckets(&[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0])
        .by(REQUEST),
    metric("http.server.active_requests", UpDownCounter, "{request}").in_development().by(ACTIVE),
    metric("http.server.request.body.size", Histogram, "By").in_development().buckets(SIZES).by(REQUEST),
    metric("http.server.response.body.size", Histogram, "By").in_development().buckets(SIZES).by(REQUEST),
];

/// The conventions name none; ours.
const SIZES: &[f64] =
    &[0.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262_144.0, 1_048_576.0, 4_194_304.0, 16_777_216.0];

const ACTIVE: &[Attribute] =
    &[text("http.request.method", Required).one_of(METHODS), text("url.scheme", Required).one_of(&["http", "https"])];

const REQUEST: &[Attribute] = &[
    text("http.request.method", Required).one_of(METHODS),
    text("url.scheme", Required).one_of(&["http", "https"]),
    text("error.type", When(|point| point.number("http.response.status_code") >= Some(500))),
    int("http.response.status_code", When(|point| !matches!(point.text("error.type"), Some("panic" | "cancelled")))),
    text("http.route", When(|_| false)),
    text("network.protocol.name", When(|_| false)),
    text("network.protocol.version", Recommended).one_of(&["0.9", "1.0", "1.1", "2", "3"]),
];
