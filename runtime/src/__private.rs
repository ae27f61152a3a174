//! What generated code calls. Versioned with the macros, no other user.

pub use core;
pub use opentelemetry::trace::SpanKind;

pub use crate::metrics::{measure, measure_later, measured, measured_future, measured_stream};
pub use crate::outcome::ladder::{self, Probe};
pub use crate::outcome::{ErrorType, OptionLike, Outcome, ResultLike};
pub use crate::span::{
    AsLink, AsLinks, AsParent, AsText, InSpan, Level, Links, Pending, Site, SpanGuard, Start, attributes, call, enrich,
    enriched, enriched_future, enter, event, future_of, never, open, returned_future, returned_stream, stream_of, sync,
    unopened,
};
pub use crate::value::{Attributes, Fields, capture, mask};

/// In a box that is pinned, as the signature has it.
pub fn boxed<T>(value: T) -> std::pin::Pin<Box<T>> {
    Box::pin(value)
}
