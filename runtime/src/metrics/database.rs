//! Metrics of a database client.
//!
//! <https://opentelemetry.io/docs/specs/semconv/database/database-metrics/>

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};

use super::attribute_set::AttributeSet;
use super::instruments::{self, Instruments};
use super::remembered::{Collections, Remembered};
use super::series::Series;

/// The boundaries that the conventions name, in seconds.
const DURATIONS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// The boundaries that the conventions name, in rows.
const ROWS: [f64; 13] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0];

#[derive(Debug)]
pub(super) struct Database {
    duration: Histogram<f64>,
    rows: Histogram<u64>,
    remembered: Remembered<AttributeSet, OfOperation>,
}

/// What measures operations of the same attributes.
#[derive(Debug)]
struct OfOperation {
    duration: Series<Histogram<f64>>,
    rows: Series<Histogram<u64>>,
}

pub(super) fn durations(meter: &Meter, name: &'static str, description: &'static str) -> Histogram<f64> {
    let builder = meter.f64_histogram(name).with_unit("s").with_description(description);
    builder.with_boundaries(DURATIONS.to_vec()).build()
}

impl Database {
    pub(super) fn new(meter: &Meter, collections: &Collections) -> Self {
        Self {
            duration: durations(meter, "db.client.operation.duration", "Duration of database client operations."),
            rows: meter
                .u64_histogram("db.client.response.returned_rows")
                .with_unit("{row}")
                .with_description("The actual number of records returned by the database operation.")
                .with_boundaries(ROWS.to_vec())
                .build(),
            remembered: collections.remembered(),
        }
    }

    fn get(&self, attributes: &AttributeSet) -> Arc<OfOperation> {
        self.remembered.get(attributes, || {
            let attributes = attributes.attributes();
            OfOperation { duration: Series::new(&self.duration, attributes), rows: Series::new(&self.rows, attributes) }
        })
    }
}

/// An operation that is being measured.
pub(crate) struct Operation {
    instruments: Arc<Instruments>,
    start: Instant,
    attributes: AttributeSet,
    /// What its answer adds: of most nothing.
    more: Vec<KeyValue>,
    rows: Option<u64>,
    done: bool,
}

impl Operation {
    /// An operation begins, with what `attributes` knows of it; none if nobody measures.
    pub(crate) fn begin(attributes: impl FnOnce() -> AttributeSet) -> Option<Self> {
        let instruments = instruments::installed()?;
        let attributes = attributes();
        Some(Self { instruments, start: Instant::now(), attributes, more: Vec::new(), rows: None, done: false })
    }

    /// What the database answered.
    pub(crate) fn answered(
        &mut self,
        rows: Option<usize>,
        code: Option<Cow<'static, str>>,
        error: Option<Cow<'static, str>>,
    ) {
        self.done = true;
        self.rows = rows.map(|rows| rows as u64);
        self.more.extend(code.map(|code| KeyValue::new("db.response.status_code", code)));
        self.more.extend(error.map(|error| KeyValue::new("error.type", error)));
    }
}

impl Drop for Operation {
    /// The operation is over; without an answer it was given up.
    fn drop(&mut self) {
        if !self.done {
            self.more.push(KeyValue::new("error.type", "cancelled"));
        }
        let database = &self.instruments.database;
        let time = self.start.elapsed().as_secs_f64();
        if self.more.is_empty() {
            let of_operation = database.get(&self.attributes);
            of_operation.duration.measure(time);
            if let Some(rows) = self.rows {
                of_operation.rows.measure(rows);
            }
            return;
        }
        // Failures are rare, and what they add may differ each time: they are not worth remembering.
        let attributes: Vec<_> = self.attributes.attributes().iter().chain(&self.more).cloned().collect();
        database.duration.record(time, &attributes);
        if let Some(rows) = self.rows {
            database.rows.record(rows, &attributes);
        }
    }
}
