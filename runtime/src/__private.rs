//! What generated code calls. Versioned with the macros, no other user.

pub use core;
pub use opentelemetry::trace::SpanKind;

pub use crate::Level;
pub use crate::metrics::{measure, measure_later, measured, measured_future, measured_stream};
pub use crate::outcome::ladder::{Ladder, ladder};
pub use crate::outcome::{ErrorType, LookAt, OptionLike, Outcome, ResultLike};
pub use crate::span::{
    Around, AsLink, AsLinks, AsParent, AsText, Entry, FunctionName, InSpan, Links, More, Pending, Site, SpanGuard,
    Start, around, attributes, call, enrich, enriched, enriched_future, enter, enter_with, event, future_of, never,
    open, opened, path_of, returned_future, returned_stream, stream_of, sync, unopened, within,
};
pub use crate::value::{Attributes, Fields, capture, debug, display, mask};

/// In a box that is pinned, as the signature has it.
pub fn boxed<T>(value: T) -> std::pin::Pin<Box<T>> {
    Box::pin(value)
}
