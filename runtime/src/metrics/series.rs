//! A series: what one instrument measures with one set of attributes.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, UpDownCounter};

/// An instrument, whatever it does with what it measures.
pub(super) trait Instrument: Clone + Debug {
    type Value: Copy;

    fn measure(&self, value: Self::Value, attributes: &[KeyValue]);
}

/// What an instrument is once it is bound to attributes: see `bound.rs`, and `unbound.rs` for builds without.
pub(super) trait Bind: Instrument {
    type Bound: Debug;

    /// None if that can't be done.
    fn bind(&self, attributes: &[KeyValue]) -> Option<Self::Bound>;

    fn measure_bound(bound: &Self::Bound, value: Self::Value);
}

impl<T: Copy + Debug> Instrument for Histogram<T> {
    type Value = T;

    fn measure(&self, value: T, attributes: &[KeyValue]) {
        self.record(value, attributes);
    }
}

impl<T: Copy + Debug> Instrument for UpDownCounter<T> {
    type Value = T;

    fn measure(&self, value: T, attributes: &[KeyValue]) {
        self.add(value, attributes);
    }
}

/// What the instrument `I` measures with one set of attributes.
#[derive(Debug)]
pub(super) struct Series<I: Bind> {
    instrument: I,
    attributes: Arc<[KeyValue]>,
    measured: AtomicBool,
    bound: OnceLock<I::Bound>,
}

impl<I: Bind> Series<I> {
    /// Nothing is exported of it before it measures.
    pub(super) fn new(instrument: &I, attributes: &Arc<[KeyValue]>) -> Self {
        Self {
            instrument: instrument.clone(),
            attributes: Arc::clone(attributes),
            measured: AtomicBool::new(false),
            bound: OnceLock::new(),
        }
    }

    #[inline]
    pub(super) fn measure(&self, value: I::Value) {
        match self.bound.get() {
            Some(bound) => I::measure_bound(bound, value),
            None => self.measure_unbound(value),
        }
    }

    /// Binding makes a point, which is exported with or without a value: so there is a value first. And what measures once
    /// is not worth binding.
    fn measure_unbound(&self, value: I::Value) {
        self.instrument.measure(value, &self.attributes);
        if !self.measured.load(Relaxed) {
            return self.measured.store(true, Relaxed);
        }
        if let Some(bound) = self.instrument.bind(&self.attributes) {
            let _ = self.bound.set(bound);
        }
    }
}
