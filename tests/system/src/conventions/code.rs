//! Where in the code a span is from: `#[traced(code)]`.

use super::Level::When;
use super::{Attribute, Table, int, text};

pub(super) static FUNCTION: Table = Table {
    title: "source code",
    source: "https://opentelemetry.io/docs/specs/semconv/registry/attributes/code/",
    attributes: ATTRIBUTES,
};

const ATTRIBUTES: &[Attribute] = &[
    text("code.function.name", When(|span| span.has("code.file.path"))),
    text("code.file.path", When(|span| span.has("code.function.name"))),
    int("code.line.number", When(|span| span.has("code.function.name"))),
];
