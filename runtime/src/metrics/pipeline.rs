//! Metrics of the pipeline itself: what it was given, what became of it.
//!
//! <https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/>

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};

use super::instruments;
use crate::Health;

/// The boundaries that the conventions name for other requests, in seconds.
const DURATIONS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// Makes the instruments that ask `health`.
pub(super) fn observe(meter: &Meter, health: impl Fn() -> Health + Clone + Send + Sync + 'static) {
    let count = |name: &'static str, description: &'static str, points: fn(&Health) -> Vec<(u64, &'static str)>| {
        let health = health.clone();
        let _ = meter
            .u64_observable_counter(name)
            .with_unit("{span}")
            .with_description(description)
            .with_callback(move |observer| {
                for (spans, error_type) in points(&health()) {
                    match error_type {
                        "" => observer.observe(spans, &[component()]),
                        _ => observer.observe(spans, &[component(), KeyValue::new("error.type", error_type)]),
                    }
                }
            })
            .build();
    };
    count("otel.sdk.span.started", "The number of created spans.", |health| vec![(health.started, "")]);
    count(
        "otel.sdk.processor.span.processed",
        "The number of spans for which the processing has finished, either successful or failed.",
        |health| {
            let dropped = health.dropped;
            let handed_over = health.exported + dropped.export_failed + dropped.rejected;
            vec![
                (handed_over, ""),
                (dropped.queue_full, "queue_full"),
                (dropped.too_large, "too_large"),
                (dropped.thread_ending, "thread_ending"),
                (dropped.shut_down, "already_shutdown"),
            ]
        },
    );
    count(
        "otel.sdk.exporter.span.exported",
        "The number of spans for which the export has finished, either successful or failed.",
        |health| {
            let dropped = health.dropped;
            vec![(health.exported, ""), (dropped.export_failed, "export_failed"), (dropped.rejected, "rejected")]
        },
    );
    let level = |name: &'static str, unit: &'static str, description: &'static str, value: fn(&Health) -> u64| {
        let health = health.clone();
        let _ = meter
            .i64_observable_up_down_counter(name)
            .with_unit(unit)
            .with_description(description)
            .with_callback(move |observer| {
                observer.observe(i64::try_from(value(&health())).unwrap_or(i64::MAX), &[component()]);
            })
            .build();
    };
    level(
        "otel.sdk.span.live",
        "{span}",
        "The number of created spans for which the end operation has not been called yet.",
        |health| health.open,
    );
    level(
        "otel.sdk.processor.span.queue.size",
        "{span}",
        "The number of spans in the queue of a given instance of an SDK span processor.",
        |health| health.queued,
    );
    // The queue is bounded in bytes, for which the conventions have no name.
    level("traced.queue.bytes", "By", "How many bytes of memory ended spans take.", |health| health.queued_bytes);
    level("traced.queue.max_bytes", "By", "How many bytes of memory ended spans may take.", |health| {
        health.max_queued_bytes
    });
}

pub(super) fn export_duration(meter: &Meter) -> Histogram<f64> {
    meter
        .f64_histogram("otel.sdk.exporter.operation.duration")
        .with_unit("s")
        .with_description("The duration of exporting a batch of telemetry records.")
        .with_boundaries(DURATIONS.to_vec())
        .build()
}

/// A batch of spans was exported, or could not be.
pub(crate) fn exported(time: Duration, failed: bool) {
    let Some(instruments) = instruments::installed() else { return };
    let mut attributes = vec![component()];
    attributes.extend(failed.then(|| KeyValue::new("error.type", "export_failed")));
    instruments.export_duration.record(time.as_secs_f64(), &attributes);
}

fn component() -> KeyValue {
    KeyValue::new("otel.component.name", "traced/0")
}
