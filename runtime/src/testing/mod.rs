//! The spans of one test, isolated from those of every other.

mod capture;
mod span;
mod tree;

pub use capture::{Capture, capture, capture_async};
pub use span::{CapturedEvent, CapturedSpan, Spans};
