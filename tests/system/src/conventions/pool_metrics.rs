//! Metrics of connection pools: <https://opentelemetry.io/docs/specs/semconv/db/database-metrics/#connection-pools>.

use super::Instrument::{Counter, Histogram, UpDownCounter};
use super::Level::Required;
use super::{Attribute, Metric, metric, text};

pub(super) static POOL: &[Metric] = &[
    metric("db.client.connection.count", UpDownCounter, "{connection}").in_development().by(BY_STATE),
    metric("db.client.connection.pending_requests", UpDownCounter, "{request}").in_development().by(&[NAME]),
    metric("db.client.connection.timeouts", Counter, "{timeout}").in_development().by(&[NAME]),
    metric("db.client.connection.wait_time", Histogram, "s").in_development().buckets(TIMES).by(&[NAME]),
    metric("db.client.connection.use_time", Histogram, "s").in_development().buckets(TIMES).by(&[NAME]),
    metric("db.client.connection.max", UpDownCounter, "{connection}").in_development().by(&[NAME]),
    metric("db.client.connection.create_time", Histogram, "s").in_development().buckets(TIMES).by(&[NAME]),
];

/// The conventions name none for these; those of `db.client.operation.duration`.
const TIMES: &[f64] = &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

const NAME: Attribute = text("db.client.connection.pool.name", Required).in_development();

const BY_STATE: &[Attribute] =
    &[NAME, text("db.client.connection.state", Required).one_of(&["idle", "used"]).in_development()];
