//! Functions as users write them: each compiles under `#[traced]` as it did without, and does the same.

// Odd on purpose.
#![allow(clippy::style, clippy::complexity, clippy::unused_async, clippy::todo, clippy::never_loop)]

mod bodies;
mod coercions;
mod concurrency;
mod fragments;
mod generics;
mod handlers;
mod lifetimes;
mod receivers;
mod repositories;
mod traits;
