//! What generated code calls when the feature `enable` is off.

pub use core;

pub use crate::disabled::SpanGuard;
pub use crate::outcome::{ErrorType, OptionLike, ResultLike};
pub use crate::value::{Attributes, Fields, capture, mask};

/// A value that is never asked for: it stands in generated code that does not run, to say of which type it is.
#[cold]
pub fn never<T>() -> T {
    unreachable!("generated code that does not run")
}
