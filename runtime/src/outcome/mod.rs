//! From a return value to a status, an `error.type` and an exception.

mod error_type;
#[cfg(feature = "enable")]
mod failure;
#[cfg(feature = "enable")]
pub mod ladder;
#[cfg(feature = "enable")]
mod note;
mod shapes;

pub use error_type::ErrorType;

#[cfg(feature = "enable")]
pub(crate) use failure::Failure;
#[cfg(feature = "enable")]
pub use note::Outcome;
pub use shapes::{OptionLike, ResultLike};
