//! Instruments without: the SDK searches for the attributes with every measurement.

use std::convert::Infallible;

use opentelemetry::KeyValue;
use opentelemetry_sdk::metrics::MeterProviderBuilder;

use super::series::{Bind, Instrument};

/// What the SDK exports depends on no feature.
pub(super) fn prepared(builder: MeterProviderBuilder) -> MeterProviderBuilder {
    builder
}

impl<I: Instrument> Bind for I {
    type Bound = Infallible;

    #[inline]
    fn bind(&self, _: &[KeyValue]) -> Option<Infallible> {
        None
    }

    #[inline]
    fn measure_bound(bound: &Infallible, _: I::Value) {
        match *bound {}
    }
}
