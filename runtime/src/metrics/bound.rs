//! Instruments with the SDK's `experimental_metrics_bound_instruments`: bound to attributes they measure without a search.

use std::fmt::Debug;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundHistogram, BoundUpDownCounter, Histogram, UpDownCounter};

use super::series::Instrument;

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
