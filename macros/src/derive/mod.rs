//! `#[derive(Attributes)]` and `#[derive(ErrorType)]`.

mod attributes;
mod error_type;

pub use attributes::attributes;
pub use error_type::error_type;
