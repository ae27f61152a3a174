//! What generated code calls. Versioned with the macros, no other user.

pub use opentelemetry::trace::SpanKind;

pub use crate::outcome::ladder;
pub use crate::outcome::ladder::Probe;
pub use crate::outcome::{Failure, OptionLike, Outcome, ResultLike};
pub use crate::span::{InSpan, Level, Site, SpanGuard, Start, current};
pub use crate::value::{Attributes, Fields, Redacted, Slot, Value};
pub use core;
