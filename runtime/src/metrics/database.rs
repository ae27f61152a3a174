//! Metrics of a database client.
//!
//! <https://opentelemetry.io/docs/specs/semconv/database/database-metrics/>

use std::borrow::Cow;
use std::sync::Arc;
#[cfg(any(feature = "postgres", feature = "redis"))]
use std::time::Duration;
use std::time::Instant;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};

use super::instruments::{self, Instruments};

/// The boundaries that the conventions name, in seconds.
const DURATIONS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// The boundaries that the conventions name, in rows.
const ROWS: [f64; 13] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0];

#[derive(Debug)]
pub(super) struct Database {
    duration: Histogram<f64>,
    rows: Histogram<u64>,
    #[cfg_attr(not(any(feature = "postgres", feature = "redis")), allow(dead_code))]
    wait: Histogram<f64>,
    #[cfg_attr(not(any(feature = "postgres", feature = "redis")), allow(dead_code))]
    create: Histogram<f64>,
    #[cfg_attr(not(any(feature = "postgres", feature = "redis")), allow(dead_code))]
    used: Histogram<f64>,
}

impl Database {
    pub(super) fn new(meter: &Meter) -> Self {
        #[cfg(any(feature = "postgres", feature = "redis"))]
        crate::database::pool::instruments(meter);
        let time = |name, description| {
            let builder = meter.f64_histogram(name).with_unit("s").with_description(description);
            builder.with_boundaries(DURATIONS.to_vec()).build()
        };
        Self {
            duration: time("db.client.operation.duration", "Duration of database client operations."),
            rows: meter
                .u64_histogram("db.client.response.returned_rows")
                .with_unit("{row}")
                .with_description("The actual number of records returned by the database operation.")
                .with_boundaries(ROWS.to_vec())
                .build(),
            wait: time(
                "db.client.connection.wait_time",
                "The time it took to obtain an open connection from the pool.",
            ),
            create: time("db.client.connection.create_time", "The time it took to create a new connection."),
            used: time(
                "db.client.connection.use_time",
                "The time between borrowing a connection and returning it to the pool.",
            ),
        }
    }
}

/// An operation that is being measured.
pub(crate) struct Operation {
    instruments: Arc<Instruments>,
    start: Instant,
    attributes: Arc<[KeyValue]>,
    /// What its answer adds: of most nothing.
    more: Vec<KeyValue>,
    rows: Option<u64>,
    done: bool,
}

impl Operation {
    /// An operation begins, with what `attributes` knows of it; none if nobody measures.
    pub(crate) fn begin(attributes: impl FnOnce() -> Arc<[KeyValue]>) -> Option<Self> {
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
        if !self.more.is_empty() {
            self.attributes = self.attributes.iter().chain(&self.more).cloned().collect();
        }
        database.duration.record(self.start.elapsed().as_secs_f64(), &self.attributes);
        if let Some(rows) = self.rows {
            database.rows.record(rows, &self.attributes);
        }
    }
}

/// A connection was obtained from a pool.
#[cfg(any(feature = "postgres", feature = "redis"))]
pub(crate) fn connection_waited(time: Duration, pool: &Arc<str>) {
    if let Some(instruments) = instruments::installed() {
        instruments.database.wait.record(time.as_secs_f64(), &[pool_name(pool)]);
    }
}

/// A connection was made.
#[cfg(any(feature = "postgres", feature = "redis"))]
pub(crate) fn connection_created(time: Duration, pool: &Arc<str>) {
    if let Some(instruments) = instruments::installed() {
        instruments.database.create.record(time.as_secs_f64(), &[pool_name(pool)]);
    }
}

/// A connection was given back to its pool.
#[cfg(any(feature = "postgres", feature = "redis"))]
pub(crate) fn connection_used(time: Duration, pool: &Arc<str>) {
    if let Some(instruments) = instruments::installed() {
        instruments.database.used.record(time.as_secs_f64(), &[pool_name(pool)]);
    }
}

#[cfg(any(feature = "postgres", feature = "redis"))]
fn pool_name(pool: &Arc<str>) -> KeyValue {
    KeyValue::new("db.client.connection.pool.name", Arc::clone(pool))
}
