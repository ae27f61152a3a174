//! Metrics of a database client: <https://opentelemetry.io/docs/specs/semconv/db/database-metrics/>.

use super::Instrument::Histogram;
use super::Level::{Recommended, Required, When};
use super::database::one_operation;
use super::{Attribute, Metric, int, metric, text};

pub(super) static CLIENT: &[Metric] = &[
    metric("db.client.operation.duration", Histogram, "s")
        .buckets(&[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0])
        .by(OPERATION),
    metric("db.client.response.returned_rows", Histogram, "{row}")
        .in_development()
        .buckets(&[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0])
        .by(OPERATION),
];

const OPERATION: &[Attribute] = &[
    text("db.system.name", Required),
    text("db.collection.name", When(|_| false)),
    text("db.namespace", When(|_| false)),
    text("db.operation.name", When(one_operation)),
    text("db.response.status_code", When(|_| false)),
    text("error.type", When(|point| point.has("db.response.status_code"))),
    int("server.port", When(|point| point.text("server.address").is_some_and(|address| !address.starts_with('/')))),
    text("db.query.summary", Recommended),
    text("server.address", Recommended),
];
