//! The spans of one test, isolated from those of every other.
//!
//! [`capture`] runs a closure, [`capture_async`] awaits a future; [`Capture`] is for what is neither. They give [`Spans`]: found by
//! name, walked by parent and child, or printed as a tree without ids and times, for a snapshot.
//!
//! ```
//! use traced::{testing, traced};
//!
//! #[traced(attrs(id), none(event("missing")))]
//! fn find(id: i64) -> Option<&'static str> {
//!     lookup(id)
//! }
//!
//! #[traced(kind = client)]
//! fn lookup(id: i64) -> Option<&'static str> {
//!     (id == 1).then_some("Emma")
//! }
//!
//! let (found, spans) = testing::capture(|| (find(1), find(2)));
//! assert_eq!(found, (Some("Emma"), None));
//! assert_eq!(spans.children(&spans[1]).count(), 1);
//! assert_eq!(spans.to_string(), "\
//! find
//!   id = 1
//!   lookup (client)
//! find
//!   id = 2
//!   * missing
//!   lookup (client)
//! ");
//! ```

mod capture;
mod span;
mod tree;

pub use capture::{Capture, capture, capture_async};
pub use span::{CapturedEvent, CapturedSpan, Spans};
