//! What stands in for the rest when the feature `enable` is off: the names that an annotated library uses, which do
//! nothing, cost nothing and pull nothing in.

pub mod opentelemetry;
mod relations;
mod telemetry;

use std::borrow::Cow;
use std::marker::PhantomData;

use self::opentelemetry::Context;
use self::opentelemetry::trace::{SpanContext, SpanId, Status, TraceId};
use crate::{Fields, Value};

pub use relations::{AsLink, AsParent};
pub use telemetry::{
    Filter, FilterError, FlushError, InvalidVariable, SetupError, Telemetry, TelemetryBuilder, Warning,
};

/// The span that is current: without the feature `enable` there is none, and every write is ignored.
#[derive(Debug, Clone)]
pub struct Current(());

/// The span that is current; see [`Current`].
#[inline]
pub fn current() -> Current {
    Current(())
}

impl Current {
    /// Sets an attribute.
    #[inline]
    pub fn set_attribute<V: Value + ?Sized>(&self, _key: &'static str, _value: &V) {}

    /// Sets every attribute that `write` sets. It is not called.
    #[inline]
    pub fn set_attributes(&self, _write: impl FnMut(&mut Fields<'_>)) {}

    /// Adds an event without attributes.
    #[inline]
    pub fn add_event(&self, _name: impl Into<Cow<'static, str>>) {}

    /// Adds an event with attributes. `write` is not called.
    #[inline]
    pub fn add_event_with(&self, _name: impl Into<Cow<'static, str>>, _write: impl FnMut(&mut Fields<'_>)) {}

    /// Sets the status.
    #[inline]
    pub fn set_status(&self, _status: Status) {}

    /// Gives the span another name.
    #[inline]
    pub fn update_name(&self, _name: impl Into<Cow<'static, str>>) {}

    /// The trace's id: an invalid one, all zeros.
    #[inline]
    pub fn trace_id(&self) -> TraceId {
        TraceId::INVALID
    }

    /// The span's id: an invalid one, all zeros.
    #[inline]
    pub fn span_id(&self) -> SpanId {
        SpanId::INVALID
    }

    /// What is propagated of the span: nothing.
    #[inline]
    pub fn span_context(&self) -> SpanContext {
        SpanContext::NONE
    }

    /// Whether somebody records: nobody does.
    #[inline]
    pub fn is_recording(&self) -> bool {
        false
    }

    /// The context in which it is current: an empty one.
    #[inline]
    pub fn context(&self) -> &Context {
        &Context::EMPTY
    }
}

/// A span around the rest of a scope: none. It stays on its thread all the same, as it has to where somebody records.
#[derive(Debug)]
#[must_use = "the span ends when the guard is dropped; bind it to a name: `let _span = span!(..)`"]
pub struct SpanGuard(PhantomData<*const ()>);

impl SpanGuard {
    #[doc(hidden)]
    #[inline]
    pub fn off() -> Self {
        Self(PhantomData)
    }
}

/// `closure` itself.
#[inline]
pub fn carry<T>(closure: impl FnOnce() -> T) -> impl FnOnce() -> T {
    closure
}

/// [`tokio::spawn`].
///
/// # Panics
///
/// If called outside of a tokio runtime.
#[cfg(feature = "tokio")]
#[track_caller]
pub fn spawn<F>(future: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future)
}

/// [`tokio::task::spawn_blocking`].
///
/// # Panics
///
/// If called outside of a tokio runtime.
#[cfg(feature = "tokio")]
#[track_caller]
pub fn spawn_blocking<T: Send + 'static>(closure: impl FnOnce() -> T + Send + 'static) -> tokio::task::JoinHandle<T> {
    tokio::task::spawn_blocking(closure)
}

/// `.traced("name")` on a future.
pub trait FutureExt: Future + Sized {
    /// The same future.
    #[inline]
    fn traced(self, _name: impl Into<Cow<'static, str>>) -> Self {
        self
    }
}

impl<F: Future> FutureExt for F {}

/// `.traced("name")` on a closure.
pub trait FnExt<T>: FnOnce() -> T + Sized {
    /// Calls it.
    #[inline]
    fn traced(self, _name: impl Into<Cow<'static, str>>) -> T {
        self()
    }
}

impl<T, F: FnOnce() -> T> FnExt<T> for F {}
