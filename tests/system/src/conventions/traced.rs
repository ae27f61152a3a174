//! What is `traced`'s own: attributes and metrics for which the conventions have no name.

use super::Instrument::{Histogram, UpDownCounter};
use super::Kind::Bool;
use super::Level::{OptIn, Required, When};
use super::{Attribute, Metric, Table, attribute, metric, text};

pub(super) static OWN: Table = Table {
    title: "traced's own",
    source: "docs/naming.md",
    attributes: &[
        attribute("traced.cancelled", Bool, When(|_| false)).own(),
        text("traced.expected_error", When(|_| false)).own(),
        // The name that the service gave it.
        text("correlation.id", OptIn).own(),
    ],
};

pub(super) static METRICS: &[Metric] = &[
    metric("traced.function.duration", Histogram, "s").own().buckets(CALLS).by(CALL),
    metric("traced.function.active", UpDownCounter, "{call}").own().by(&[FUNCTION]),
    metric("traced.queue.bytes", UpDownCounter, "By").own(),
    metric("traced.queue.max_bytes", UpDownCounter, "By").own(),
];

const CALLS: &[f64] =
    &[0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

const FUNCTION: Attribute = text("code.function.name", Required);

const CALL: &[Attribute] = &[FUNCTION, text("error.type", When(|_| false))];
