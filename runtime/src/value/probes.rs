//! What generated code asks of a value whose type the macro can't see.
//!
//! As on the [ladder](crate::outcome) of errors, a probe behind one reference more is preferred where its bounds hold.

/// `redact(value)`: masked when present.
pub mod mask {
    use crate::value::{REDACTED, Slot};

    /// A value that is to be masked.
    #[derive(Debug)]
    pub struct Probe<'v, T: ?Sized>(pub &'v T);

    /// An `Option`: `None` stays absent.
    pub trait Maybe {
        #[doc(hidden)]
        fn mask(&self, slot: Slot<'_>);
    }

    impl<T> Maybe for &Probe<'_, Option<T>> {
        fn mask(&self, slot: Slot<'_>) {
            if self.0.is_some() {
                slot.static_str(REDACTED);
            }
        }
    }

    impl<T> Maybe for &Probe<'_, &Option<T>> {
        fn mask(&self, slot: Slot<'_>) {
            if self.0.is_some() {
                slot.static_str(REDACTED);
            }
        }
    }

    /// Anything else.
    pub trait Present {
        #[doc(hidden)]
        fn mask(&self, slot: Slot<'_>);
    }

    impl<T: ?Sized> Present for Probe<'_, T> {
        fn mask(&self, slot: Slot<'_>) {
            slot.static_str(REDACTED);
        }
    }
}

/// `args`: a value where it is one, else its `Debug` form.
pub mod capture {
    use std::fmt::Debug;

    use crate::value::{Slot, Value};

    /// An argument that is captured.
    #[derive(Debug)]
    pub struct Probe<'v, T: ?Sized>(pub &'v T);

    /// An attribute value.
    pub trait Typed {
        #[doc(hidden)]
        fn record(&self, slot: Slot<'_>);
    }

    impl<T: Value + ?Sized> Typed for &Probe<'_, T> {
        fn record(&self, slot: Slot<'_>) {
            self.0.record(slot);
        }
    }

    /// Anything else that can be shown.
    pub trait Shown {
        #[doc(hidden)]
        fn record(&self, slot: Slot<'_>);
    }

    impl<T: Debug> Shown for Probe<'_, T> {
        fn record(&self, slot: Slot<'_>) {
            slot.debug(self.0);
        }
    }
}
