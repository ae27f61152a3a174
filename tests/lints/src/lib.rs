//! Functions of every shape, annotated in every way, in a crate that denies what lints there are.
//!
//! Generated code must be silent: a lint that fires here is one that a user could not answer. `cargo clippy --workspace`
//! checks it; what the user's own code does wrong still fires, which `tests/ui/fail/lints_in_the_body_still_fire.rs` shows.

pub mod bodies;
pub mod clauses;
pub mod futures;
pub mod methods;
pub mod own;
