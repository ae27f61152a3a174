//! What an `Err` can tell, by what its type implements.
//!
//! Stable Rust has no specialisation, but a method call prefers the receiver that needs the fewest dereferences. So each
//! rung is a trait, implemented for [`Probe`] behind one reference less than the rung above, and the expansion calls
//! `failure` on a probe behind as many references as there are rungs: the highest rung whose bounds hold answers. It works
//! through type aliases, since it asks the type and not its name; in a function that is generic over its error it sees the
//! bounds alone.

use std::any::type_name;
use std::error::Error;
use std::fmt::{Debug, Display};

use super::ErrorType;
use super::failure::Failure;

/// A return value that is asked what it is.
#[derive(Debug)]
pub struct Probe<'r, R: ?Sized>(pub &'r R);

/// Declares one rung: its trait, the references that its probe stands behind, its bounds and its answer.
macro_rules! rung {
    ($name:ident, [$($reference:tt)*], ($($bound:tt)*), |$error:ident| $failure:expr) => {
        #[doc(hidden)]
        pub trait $name<'r> {
            fn failure(&self) -> Option<Failure<'r>>;
        }

        impl<'r, T, E: $($bound)*> $name<'r> for $($reference)* Probe<'r, Result<T, E>> {
            fn failure(&self) -> Option<Failure<'r>> {
                let $error: &'r E = self.0.as_ref().err()?;
                Some($failure)
            }
        }
    };
}

rung!(ErrorTypeError, [&&&&&&&&&&], (ErrorType + Error), |error| {
    Failure::error(error.error_type(), type_name::<E>(), error).with_flags(error.is_expected(), error.is_sensitive())
});
rung!(ErrorTypeDisplay, [&&&&&&&&&], (ErrorType + Display), |error| {
    Failure::display(error.error_type(), type_name::<E>(), error).with_flags(error.is_expected(), error.is_sensitive())
});
rung!(ErrorTypeOnly, [&&&&&&&&], (ErrorType), |error| {
    Failure::opaque(error.error_type(), type_name::<E>()).with_flags(error.is_expected(), error.is_sensitive())
});
rung!(PlainError, [&&&&&&&], (Error), |error| Failure::error(type_name::<E>(), type_name::<E>(), error));
// Boxes of errors, and anyhow's: what they hold has lost its type.
rung!(BoxedSendSync, [&&&&&&], (AsRef<dyn Error + Send + Sync>), |error| {
    let error: &(dyn Error + Send + Sync) = error.as_ref();
    Failure::erased(type_name::<E>(), error)
});
rung!(BoxedSend, [&&&&&], (AsRef<dyn Error + Send>), |error| {
    let error: &(dyn Error + Send) = error.as_ref();
    Failure::erased(type_name::<E>(), error)
});
rung!(Boxed, [&&&&], (AsRef<dyn Error>), |error| Failure::erased(type_name::<E>(), error.as_ref()));
rung!(Shown, [&&&], (Display), |error| Failure::display(type_name::<E>(), type_name::<E>(), error));
rung!(Debugged, [&&], (Debug), |error| Failure::debug(type_name::<E>(), type_name::<E>(), error));
rung!(Opaque, [&], (Sized), |_error| Failure::opaque(type_name::<E>(), type_name::<E>()));

/// The floor: no `Result` at all.
#[doc(hidden)]
pub trait Plain<'r> {
    fn failure(&self) -> Option<Failure<'r>>;
}

impl<'r, R: ?Sized> Plain<'r> for Probe<'r, R> {
    fn failure(&self) -> Option<Failure<'r>> {
        None
    }
}
