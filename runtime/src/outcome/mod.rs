//! From a return value to a status, an `error.type` and an exception.

mod error_type;
#[cfg(feature = "enable")]
mod exception;
#[cfg(feature = "enable")]
mod failure;
#[cfg(feature = "enable")]
pub(crate) mod ladder;
#[cfg(feature = "enable")]
mod look;
#[cfg(feature = "enable")]
mod note;
mod shapes;

pub use error_type::ErrorType;

#[cfg(feature = "enable")]
pub(crate) use exception::Exception;
#[cfg(feature = "enable")]
pub(crate) use failure::Failure;
#[cfg(feature = "enable")]
pub use look::LookAt;
#[cfg(feature = "enable")]
pub(crate) use look::{Look, leave};
#[cfg(feature = "enable")]
pub use note::Outcome;
pub use shapes::{OptionLike, ResultLike};
