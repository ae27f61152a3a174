//! The examples of the pages, compiled and run as documentation tests.

#[doc = include_str!("../../../README.md")]
mod readme {}

#[doc = include_str!("../../../docs/guide.md")]
mod guide {}
