//! Values that are present but masked.

use std::fmt;

use super::{Slot, Value};

/// What stands in the place of a redacted value.
pub const REDACTED: &str = "REDACTED";

/// A value that is never shown: recorded, displayed and debugged as [`REDACTED`].
///
/// ```
/// use traced::Redacted;
///
/// let card = Redacted("4111 1111 1111 1111");
/// assert_eq!(format!("{card} {card:?}"), "REDACTED REDACTED");
/// assert_eq!(card.0.len(), 19);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Redacted<T>(pub T);

impl<T> Value for Redacted<T> {
    fn record(&self, slot: Slot<'_>) {
        slot.static_str(REDACTED);
    }
}

impl<T> fmt::Display for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<T> From<T> for Redacted<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}
