//! What generated code calls when the feature `enable` is off.

pub use core;

pub use crate::disabled::SpanGuard;
pub use crate::outcome::ErrorType;
pub use crate::value::{Attributes, Fields, capture, mask};
