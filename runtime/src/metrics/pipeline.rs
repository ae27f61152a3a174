//! Metrics of the pipeline itself: what it was given, what became of it.
//!
//! <https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/>

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};

use super::instruments;
use crate::recorder::Totals;
use crate::telemetry::{Component, Stats, Tally};

/// The boundaries that the conventions name for other requests, in seconds.
const DURATIONS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// What metrics call the recorder and its queue, for which the conventions have no name.
const RECORDER: &str = "traced";

/// What is asked whenever metrics are collected.
struct Pipeline {
    totals: Box<dyn Fn() -> Totals + Send + Sync>,
    /// Each exporter, with the attributes of its metrics.
    exporters: Vec<(Arc<Stats>, Vec<KeyValue>)>,
    recorder: Vec<KeyValue>,
    capacity: Option<usize>,
}

/// A value and the attributes that it has.
type Point = (u64, Vec<KeyValue>);

/// Makes the instruments that ask `totals` and the `exporters`; `capacity` is how many spans may wait, if that is limited.
pub(super) fn observe(
    meter: &Meter,
    totals: impl Fn() -> Totals + Send + Sync + 'static,
    exporters: &[Arc<Stats>],
    capacity: Option<usize>,
) {
    let recorder = Component::of(RECORDER).attributes();
    let exporters = exporters.iter().map(|stats| (Arc::clone(stats), stats.component.attributes())).collect();
    let pipeline = Arc::new(Pipeline { totals: Box::new(totals), exporters, recorder, capacity });

    let count = |name: &'static str, description: &'static str, points: fn(&Pipeline) -> Vec<Point>| {
        let pipeline = Arc::clone(&pipeline);
        let builder = meter.u64_observable_counter(name).with_unit("{span}").with_description(description);
        let builder = builder.with_callback(move |observer| {
            points(&pipeline).iter().for_each(|(value, attributes)| observer.observe(*value, attributes));
        });
        let _ = builder.build();
    };
    count("otel.sdk.span.started", "The number of created spans that are recorded.", Pipeline::started);
    count(
        "otel.sdk.processor.span.processed",
        "The number of spans for which the processing has finished, either successful or failed.",
        Pipeline::processed,
    );
    count(
        "otel.sdk.exporter.span.exported",
        "The number of spans for which the export has finished, either successful or failed.",
        Pipeline::exported,
    );

    let level = |name: &'static str, unit, description: &'static str, points: fn(&Pipeline) -> Vec<Point>| {
        let pipeline = Arc::clone(&pipeline);
        let builder = meter.i64_observable_up_down_counter(name).with_unit(unit).with_description(description);
        let builder = builder.with_callback(move |observer| {
            for (value, attributes) in points(&pipeline) {
                observer.observe(i64::try_from(value).unwrap_or(i64::MAX), &attributes);
            }
        });
        let _ = builder.build();
    };
    level(
        "otel.sdk.span.live",
        "{span}",
        "The number of created spans with recording=true for which the end operation has not been called yet.",
        |pipeline| vec![((pipeline.totals)().open, Vec::new())],
    );
    level(
        "otel.sdk.processor.span.queue.size",
        "{span}",
        "The number of spans in the queue of a given instance of an SDK span processor.",
        Pipeline::queued,
    );
    level(
        "otel.sdk.processor.span.queue.capacity",
        "{span}",
        "The maximum number of spans the queue of a given instance of an SDK span processor can hold.",
        |pipeline| pipeline.capacity.iter().map(|spans| (*spans as u64, pipeline.recorder.clone())).collect(),
    );
    level(
        "otel.sdk.exporter.span.inflight",
        "{span}",
        "The number of spans which were passed to the exporter, but that have not been exported yet.",
        |pipeline| pipeline.each(|tally| vec![(tally.in_flight(), None)]),
    );
    // The queue is bounded in bytes, for which the conventions have no name.
    level("traced.queue.bytes", "By", "How many bytes of memory ended spans take.", |pipeline| {
        vec![((pipeline.totals)().queued_bytes, Vec::new())]
    });
    level("traced.queue.max_bytes", "By", "How many bytes of memory ended spans may take.", |pipeline| {
        vec![((pipeline.totals)().max_queued_bytes, Vec::new())]
    });
}

impl Pipeline {
    fn started(&self) -> Vec<Point> {
        vec![((self.totals)().started, Vec::new())]
    }

    /// Of spans that several exporters are given, those that all were given are processed.
    fn processed(&self) -> Vec<Point> {
        let totals = (self.totals)();
        let tallies = self.tallies();
        let handed_over = tallies.iter().map(Tally::handed_over).min().unwrap_or_default();
        let most = |of: &dyn Fn(&Tally) -> u64| tallies.iter().map(of).max().unwrap_or_default();
        let (crowded_out, left) = (most(&Tally::crowded_out), most(&|tally| tally.left(totals.accepted)));
        let of_recorder = |(spans, error)| (spans, with_error(&self.recorder, error));
        let points = [
            (handed_over, None),
            (totals.queue_full + crowded_out, Some("queue_full")),
            (totals.too_large, Some("too_large")),
            (totals.thread_ending, Some("thread_ending")),
            (totals.after_shutdown + left, Some("already_shutdown")),
        ];
        points.into_iter().map(of_recorder).collect()
    }

    fn queued(&self) -> Vec<Point> {
        let accepted = (self.totals)().accepted;
        let gone = |tally: &Tally| tally.handed_over() + tally.crowded_out() + tally.left(accepted);
        let gone = self.tallies().iter().map(gone).min();
        vec![(accepted.saturating_sub(gone.unwrap_or_default()), self.recorder.clone())]
    }

    fn exported(&self) -> Vec<Point> {
        self.each(|tally| {
            let mut points = vec![(tally.exported(), None), (tally.rejected(), Some("rejected".to_owned()))];
            points.extend(tally.failures().iter().map(|(kind, spans)| (*spans, Some(kind.to_string()))));
            points
        })
    }

    /// The points of each exporter: what `points` makes of how it fares, each with its `error.type`.
    fn each(&self, points: impl Fn(&Tally) -> Vec<(u64, Option<String>)>) -> Vec<Point> {
        let of = |(stats, attributes): &(Arc<Stats>, Vec<KeyValue>)| {
            let points = points(&stats.outcome()).into_iter();
            points.map(|(spans, error)| (spans, with_error(attributes, error))).collect::<Vec<_>>()
        };
        self.exporters.iter().flat_map(of).collect()
    }

    fn tallies(&self) -> Vec<Tally> {
        self.exporters.iter().map(|(stats, _)| stats.outcome()).collect()
    }
}

fn with_error<S: Into<opentelemetry::Value>>(attributes: &[KeyValue], error: Option<S>) -> Vec<KeyValue> {
    let error = error.map(|error| KeyValue::new("error.type", error));
    attributes.iter().cloned().chain(error).collect()
}

pub(super) fn export_duration(meter: &Meter) -> Histogram<f64> {
    meter
        .f64_histogram("otel.sdk.exporter.operation.duration")
        .with_unit("s")
        .with_description("The duration of exporting a batch of telemetry records.")
        .with_boundaries(DURATIONS.to_vec())
        .build()
}

/// `exporter` has done with a batch of spans, its repetitions included, or could not export it.
pub(crate) fn exported(exporter: &Component, time: Duration, error: Option<&str>) {
    let Some(instruments) = instruments::installed() else { return };
    let mut attributes = with_error(&exporter.attributes(), error.map(str::to_owned));
    let status = error.and_then(|error| error.parse::<i64>().ok());
    attributes.extend(status.map(|status| KeyValue::new("http.response.status_code", status)));
    instruments.export_duration.record(time.as_secs_f64(), &attributes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_beside_other_exporters_is_not_what_ended_too_late() {
        let stats = Arc::<Stats>::default();
        stats.delivered(2, 0);
        stats.crowded_out(3);
        stats.abandoned(4);
        let totals = || Totals { accepted: 10, queue_full: 5, after_shutdown: 6, ..Totals::default() };
        let (totals, exporters) = (Box::new(totals), vec![(stats, Vec::new())]);
        let pipeline = Pipeline { totals, exporters, recorder: Vec::new(), capacity: None };
        let error = |attributes: &[KeyValue]| attributes.first().map(|error| error.value.to_string());
        let processed: Vec<_> =
            pipeline.processed().iter().map(|(spans, attributes)| (*spans, error(attributes))).collect();
        let expected = [(2, ""), (8, "queue_full"), (0, "too_large"), (0, "thread_ending"), (11, "already_shutdown")];
        assert_eq!(processed, expected.map(|(spans, error)| (spans, (!error.is_empty()).then(|| error.to_owned()))));
        assert_eq!(pipeline.queued()[0].0, 0);
    }
}
