//! Values that are recorded in another form than their own.

use std::fmt::{Debug, Display};

use super::{Slot, Value};

/// A value in its `Display` form.
#[derive(Debug)]
pub struct Displayed<'v, T: ?Sized>(&'v T);

/// `%value`
#[inline]
pub fn display<T: Display + ?Sized>(value: &T) -> Displayed<'_, T> {
    Displayed(value)
}

impl<T: Display + ?Sized> Value for Displayed<'_, T> {
    fn record(&self, slot: Slot<'_>) {
        slot.display(&self.0);
    }
}

/// A value in its `Debug` form.
#[derive(Debug)]
pub struct Debugged<'v, T: ?Sized>(&'v T);

/// `?value`
#[inline]
pub fn debug<T: Debug + ?Sized>(value: &T) -> Debugged<'_, T> {
    Debugged(value)
}

impl<T: Debug + ?Sized> Value for Debugged<'_, T> {
    fn record(&self, slot: Slot<'_>) {
        slot.debug(&self.0);
    }
}
