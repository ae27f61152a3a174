//! Instruments with the SDK's `experimental_metrics_bound_instruments`: bound to attributes they measure without a search.
//!
//! Builds without have `unbound.rs` in the place of this.

use std::fmt::Debug;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundHistogram, BoundUpDownCounter, Histogram, UpDownCounter};
use opentelemetry_sdk::metrics::{Aggregation, Instrument, MeterProviderBuilder, Stream};

use super::series::Bind;

/// Leaves out what the SDK's processors measure of themselves with the same feature: what is exported must not depend on it.
pub(super) fn prepared(builder: MeterProviderBuilder) -> MeterProviderBuilder {
    builder.with_view(|instrument: &Instrument| {
        let of_sdk = instrument.scope().name() == "otel.sdk";
        of_sdk.then(|| Stream::builder().with_aggregation(Aggregation::Drop).build().ok()).flatten()
    })
}

impl<T: Copy + Debug> Bind for Histogram<T> {
    type Bound = BoundHistogram<T>;

    fn bind(&self, attributes: &[KeyValue]) -> Option<BoundHistogram<T>> {
        Some(self.bind(attributes))
    }

    #[inline]
    fn measure_bound(bound: &BoundHistogram<T>, value: T) {
        bound.record(value);
    }
}

impl<T: Copy + Debug> Bind for UpDownCounter<T> {
    type Bound = BoundUpDownCounter<T>;

    fn bind(&self, attributes: &[KeyValue]) -> Option<BoundUpDownCounter<T>> {
        Some(self.bind(attributes))
    }

    #[inline]
    fn measure_bound(bound: &BoundUpDownCounter<T>, value: T) {
        bound.add(value);
    }
}
