//! From a return value to a status, an `error.type` and an exception.

mod error_type;
mod failure;
pub mod ladder;
mod note;
mod shapes;

pub use error_type::ErrorType;
pub(crate) use failure::Failure;
pub use note::Outcome;
pub use shapes::{OptionLike, ResultLike};
