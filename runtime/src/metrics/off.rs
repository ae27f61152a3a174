//! Without the feature `metrics` nothing is measured.

use std::borrow::Cow;

use opentelemetry::KeyValue;

use crate::outcome::Outcome;

/// Whether anybody measures.
#[cfg(any(feature = "postgres", feature = "redis"))]
#[inline]
pub(crate) fn is_on() -> bool {
    false
}

/// A set of attributes that is measured again and again: none is.
#[derive(Debug, Clone)]
pub(crate) struct AttributeSet(());

impl AttributeSet {
    pub(crate) fn new(_: Vec<KeyValue>) -> Self {
        Self(())
    }
}

/// An operation that is being measured: none is.
pub(crate) enum Operation {}

impl Operation {
    #[inline]
    pub(crate) fn begin(_: impl FnOnce() -> AttributeSet) -> Option<Self> {
        None
    }

    pub(crate) fn answered(&mut self, _: Option<usize>, _: Option<Cow<'static, str>>, _: Option<Cow<'static, str>>) {
        match *self {}
    }
}

/// A request that is being measured: none is.
#[cfg(feature = "warp")]
pub(crate) enum Exchange {}

#[cfg(feature = "warp")]
impl Exchange {
    #[inline]
    pub(crate) fn begin(_: &'static str, _: &'static str, _: Option<&'static str>, _: Option<u64>) -> Option<Self> {
        None
    }

    pub(crate) fn set_route(&mut self, _: &'static str) {
        match *self {}
    }

    pub(crate) fn set_response_size(&mut self, _: u64) {
        match *self {}
    }

    pub(crate) fn answered(&mut self, _: u16) {
        match *self {}
    }

    pub(crate) fn panicked(&mut self, _: Option<u16>) {
        match *self {}
    }

    pub(crate) fn failed(&mut self, _: &'static str) {
        match *self {}
    }

    pub(crate) fn end(self, _: bool) {
        match self {}
    }
}

#[cfg(any(feature = "postgres", feature = "redis"))]
pub(crate) fn connection_waited(_: std::time::Duration, _: &AttributeSet) {}

#[cfg(any(feature = "postgres", feature = "redis"))]
pub(crate) fn connection_created(_: std::time::Duration, _: &AttributeSet) {}

#[cfg(any(feature = "postgres", feature = "redis"))]
pub(crate) fn connection_used(_: std::time::Duration, _: &AttributeSet) {}

/// A batch of spans was exported, or could not be.
#[inline]
pub(crate) fn exported(_: &crate::telemetry::Component, _: std::time::Duration, _: Option<&str>) {}

/// A call that is being measured: none is.
#[derive(Debug)]
pub struct Call(());

/// A call begins that nobody measures.
#[inline]
pub fn measure(_: &'static str, _: &'static str, _: &'static str, _: &mut dyn FnMut(&mut crate::Fields<'_>)) -> Call {
    Call(())
}

pub use measure as measure_later;

/// A call is over that nobody measured.
#[inline]
pub fn measured<R>(_: Call, _: &R, _: impl for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r R)) {}

/// `future` as it is.
#[inline]
pub fn measured_future<F: Future>(
    _: Call,
    future: F,
    _: impl for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r F::Output),
) -> F {
    future
}

/// `stream` as it is.
#[inline]
pub fn measured_stream<S: futures_core::Stream>(
    _: Call,
    stream: S,
    _: impl for<'s, 'r> FnMut(&mut Outcome<'s, 'r>, &'r S::Item),
) -> S {
    stream
}
