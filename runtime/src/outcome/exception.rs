//! Errors and panics that pass through a span, and where they are told: as its event, as a log record, or as both.

use crate::recorder::OpenSpan;
use crate::value::Fields;

/// An error or panic that passes through a span.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exception<'a> {
    /// `exception.type`
    pub(crate) kind: &'a str,
    /// `exception.message`
    pub(crate) message: Option<&'a str>,
    /// `exception.stacktrace`: Rust's errors have causes in its place.
    pub(crate) causes: Option<&'a str>,
    /// Whether the span fails by it.
    #[cfg_attr(not(feature = "logs"), allow(dead_code))]
    pub(crate) fails: bool,
}

impl Exception<'_> {
    /// A panic with its message.
    pub(crate) fn panic(message: Option<&str>) -> Exception<'_> {
        Exception { kind: "panic", message, causes: None, fails: true }
    }

    /// Tells it where OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN has exceptions.
    #[cold]
    pub(crate) fn record(&self, span: &OpenSpan) {
        #[cfg(feature = "logs")]
        if !crate::logs::exceptions::record(self, span) {
            return;
        }
        span.event("exception", &mut |fields| self.write(fields));
    }

    /// Sets its attributes.
    pub(crate) fn write(&self, fields: &mut Fields<'_>) {
        fields.set("exception.type", self.kind);
        fields.set("exception.message", &self.message);
        fields.set("exception.stacktrace", &self.causes);
    }
}
