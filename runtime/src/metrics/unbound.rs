//! Instruments without: the SDK searches for the attributes with every measurement.

use std::convert::Infallible;
use std::fmt::Debug;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, UpDownCounter};

use opentelemetry_sdk::metrics::MeterProviderBuilder;

use super::series::Instrument;

/// What the SDK exports depends on no feature.
pub(super) fn prepared(builder: MeterProviderBuilder) -> MeterProviderBuilder {
    builder
}

impl<T: Copy + Debug> Instrument for Histogram<T> {
    type Value = T;
    type Bound = Infallible;

    fn measure(&self, value: T, attributes: &[KeyValue]) {
        self.record(value, attributes);
    }

    #[inline]
    fn bind(&self, _: &[KeyValue]) -> Option<Infallible> {
        None
    }

    #[inline]
    fn measure_bound(bound: &Infallible, _: T) {
        match *bound {}
    }
}

impl<T: Copy + Debug> Instrument for UpDownCounter<T> {
    type Value = T;
    type Bound = Infallible;

    fn measure(&self, value: T, attributes: &[KeyValue]) {
        self.add(value, attributes);
    }

    #[inline]
    fn bind(&self, _: &[KeyValue]) -> Option<Infallible> {
        None
    }

    #[inline]
    fn measure_bound(bound: &Infallible, _: T) {
        match *bound {}
    }
}
