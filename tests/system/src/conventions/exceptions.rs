//! Errors and panics: as events of spans, and as log records.

use super::Level::{Recommended, When};
use super::{Attribute, Table, text};

/// `error.type` of a function that failed.
pub(super) static ERROR: Table = Table {
    title: "errors",
    source: "https://opentelemetry.io/docs/specs/semconv/general/recording-errors/",
    attributes: &[text("error.type", When(|_| false))],
};

pub(super) static EXCEPTION: Table = Table {
    title: "exceptions",
    source: "https://opentelemetry.io/docs/specs/semconv/exceptions/",
    attributes: ATTRIBUTES,
};

const ATTRIBUTES: &[Attribute] = &[
    text("exception.type", When(|exception| !exception.has("exception.message"))),
    text("exception.message", When(|exception| !exception.has("exception.type"))),
    text("exception.stacktrace", Recommended),
];
