//! Metrics of the pipeline itself: <https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/>.

use super::Instrument::{Counter, Histogram, UpDownCounter};
use super::Level::{Recommended, When};
use super::{Attribute, Metric, int, metric, text};

pub(super) static SDK: &[Metric] = &[
    metric("otel.sdk.span.started", Counter, "{span}").in_development(),
    metric("otel.sdk.span.live", UpDownCounter, "{span}").in_development(),
    metric("otel.sdk.processor.span.processed", Counter, "{span}").in_development().by(PROCESSED),
    metric("otel.sdk.processor.span.queue.size", UpDownCounter, "{span}").in_development().by(PROCESSOR),
    metric("otel.sdk.processor.span.queue.capacity", UpDownCounter, "{span}").in_development().by(PROCESSOR),
    metric("otel.sdk.exporter.span.exported", Counter, "{span}").in_development().by(EXPORTED),
    metric("otel.sdk.exporter.span.inflight", UpDownCounter, "{span}").in_development().by(EXPORTER),
    metric("otel.sdk.exporter.operation.duration", Histogram, "s").in_development().buckets(DURATIONS).by(EXPORT),
];

/// The conventions name none; those of HTTP requests, which exports are.
const DURATIONS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

// The conventions recommend them; here they are always known.
const NAME: Attribute = text("otel.component.name", Recommended).in_development();
const TYPE: Attribute = text("otel.component.type", Recommended).in_development();
const ADDRESS: Attribute = text("server.address", Recommended);
const PORT: Attribute = int("server.port", Recommended);

const PROCESSOR: &[Attribute] = &[NAME, TYPE];

const PROCESSED: &[Attribute] = &[
    NAME,
    TYPE,
    text("error.type", Recommended).one_of(&["queue_full", "already_shutdown", "too_large", "thread_ending"]),
];

const EXPORTER: &[Attribute] = &[NAME, TYPE, ADDRESS, PORT];

const EXPORTED: &[Attribute] = &[NAME, TYPE, ADDRESS, PORT, text("error.type", Recommended)];

const EXPORT: &[Attribute] = &[
    NAME,
    TYPE,
    ADDRESS,
    PORT,
    text("error.type", When(|point| point.number("http.response.status_code").is_some_and(|s| s >= 300))),
    int("http.response.status_code", Recommended),
];
