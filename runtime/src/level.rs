//! How important a span is.

/// How important a span is, for [filters](crate::Telemetry): the levels of `log` and `tracing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Every detail.
    Trace,
    /// For those who work on the code.
    Debug,
    /// The default.
    Info,
    /// Something to look at.
    Warn,
    /// Something is broken.
    Error,
}
