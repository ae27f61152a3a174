//! Instruments with the SDK's `experimental_metrics_bound_instruments`: bound to attributes they measure without a search.

use std::fmt::Debug;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundHistogram, BoundUpDownCounter, Histogram, UpDownCounter};

use opentelemetry_sdk::metrics::{Aggregation, Instrument as Described, MeterProviderBuilder, Stream};

use super::series::Instrument;

/// Leaves out what the SDK's processors measure of themselves with the same feature: what is exported must not depend on it.
pub(super) fn prepared(builder: MeterProviderBuilder) -> MeterProviderBuilder {
    builder.with_view(|instrument: &Described| {
        let of_sdk = instrument.scope().name() == "otel.sdk";
        of_sdk.then(|| Stream::builder().with_aggregation(Aggregation::Drop).build().ok()).flatten()
    })
}

impl<T: Copy + Debug> Instrument for Histogram<T> {
    type Value = T;
    type Bound = BoundHistogram<T>;

    fn measure(&self, value: T, attributes: &[KeyValue]) {
        self.record(value, attributes);
    }

    fn bind(&self, attributes: &[KeyValue]) -> Option<BoundHistogram<T>> {
        Some(self.bind(attributes))
    }

    #[inline]
    fn measure_bound(bound: &BoundHistogram<T>, value: T) {
        bound.record(value);
    }
}

impl<T: Copy + Debug> Instrument for UpDownCounter<T> {
    type Value = T;
    type Bound = BoundUpDownCounter<T>;

    fn measure(&self, value: T, attributes: &[KeyValue]) {
        self.add(value, attributes);
    }

    fn bind(&self, attributes: &[KeyValue]) -> Option<BoundUpDownCounter<T>> {
        Some(self.bind(attributes))
    }

    #[inline]
    fn measure_bound(bound: &BoundUpDownCounter<T>, value: T) {
        bound.add(value);
    }
}
