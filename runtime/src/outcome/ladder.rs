//! What an `Err` can tell, by what its type implements.
//!
//! Stable Rust has no specialisation, but a method call looks at a type before it looks at what that type derefs to, and
//! passes a method by whose bounds do not hold. So each rung is a type that derefs to the next, and the first whose bounds
//! hold for `R` answers. It works through type aliases, since it asks the type and not its name; in a function that is
//! generic over its error it sees the bounds alone. No trait has to be in scope: a `use` in each annotated function would
//! be a definition more in each.
//!
//! The order is that of what tells most. An error that implements `ErrorType` and `Error` comes first; that `Error` alone
//! comes before the other two of `ErrorType` excludes nothing, and saves the commonest type two steps.

use std::any::type_name;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::marker::PhantomData;
use std::ops::Deref;

use super::ErrorType;
use super::failure::Failure;
use super::look::{Fail, LookAt};

/// The highest rung: asked for a [`LookAt`], it gives the one that tells most of an `R`.
pub type Ladder<R> = ErrorTypeError<R>;

/// Declares rungs, each above the next: its bounds, and what it tells.
macro_rules! rungs {
    ($name:ident, ($($bound:tt)*), |$error:ident| $failure:expr; $next:ident $($rest:tt)*) => {
        #[doc(hidden)]
        #[derive(Debug)]
        pub struct $name<R: ?Sized>($next<R>);

        impl<R: ?Sized> $name<R> {
            #[doc(hidden)]
            pub const NEW: Self = Self($next::NEW);
        }

        impl<R: ?Sized> Deref for $name<R> {
            type Target = $next<R>;

            #[inline]
            fn deref(&self) -> &$next<R> {
                &self.0
            }
        }

        impl<T, E: $($bound)*> $name<Result<T, E>> {
            #[doc(hidden)]
            #[inline]
            pub fn look(&self) -> LookAt<Result<T, E>> {
                LookAt::error::<Self>()
            }

            #[doc(hidden)]
            pub fn failure<'r>(&self, value: &'r Result<T, E>) -> Option<Failure<'r>> {
                value.as_ref().err().map(<Self as Fail<E>>::failure)
            }
        }

        impl<T, E: $($bound)*> Fail<E> for $name<Result<T, E>> {
            fn failure($error: &E) -> Failure<'_> {
                $failure
            }
        }

        rungs!($next $($rest)*);
    };
    ($floor:ident) => {
        /// The floor: no `Result` at all.
        #[doc(hidden)]
        #[derive(Debug)]
        pub struct $floor<R: ?Sized>(PhantomData<fn(&R)>);

        impl<R: ?Sized> $floor<R> {
            #[doc(hidden)]
            pub const NEW: Self = Self(PhantomData);

            #[doc(hidden)]
            #[inline]
            pub fn look(&self) -> LookAt<R> {
                LookAt::NOTHING
            }

            #[doc(hidden)]
            #[inline]
            pub fn failure(&self, _: &R) -> Option<Failure<'static>> {
                None
            }
        }
    };
}

rungs! {
    ErrorTypeError, (ErrorType + Error), |error| {
        Failure::error(error.error_type(), type_name::<E>(), error).with_flags(error.is_expected(), error.is_sensitive())
    };
    PlainError, (Error), |error| Failure::error(type_name::<E>(), type_name::<E>(), error);
    ErrorTypeDisplay, (ErrorType + Display), |error| {
        Failure::display(error.error_type(), type_name::<E>(), error).with_flags(error.is_expected(), error.is_sensitive())
    };
    ErrorTypeOnly, (ErrorType), |error| {
        Failure::opaque(error.error_type(), type_name::<E>()).with_flags(error.is_expected(), error.is_sensitive())
    };
    // Boxes of errors, and anyhow's: what they hold has lost its type.
    BoxedSendSync, (AsRef<dyn Error + Send + Sync>), |error| {
        let error: &(dyn Error + Send + Sync) = error.as_ref();
        Failure::erased(type_name::<E>(), error)
    };
    BoxedSend, (AsRef<dyn Error + Send>), |error| {
        let error: &(dyn Error + Send) = error.as_ref();
        Failure::erased(type_name::<E>(), error)
    };
    Boxed, (AsRef<dyn Error>), |error| Failure::erased(type_name::<E>(), error.as_ref());
    Shown, (Display), |error| Failure::display(type_name::<E>(), type_name::<E>(), error);
    Debugged, (Debug), |error| Failure::debug(type_name::<E>(), type_name::<E>(), error);
    Opaque, (Sized), |_error| Failure::opaque(type_name::<E>(), type_name::<E>());
    Floor
}

/// The ladder for a value's type.
#[inline]
pub fn ladder<R: ?Sized>(_: &R) -> Ladder<R> {
    Ladder::NEW
}
