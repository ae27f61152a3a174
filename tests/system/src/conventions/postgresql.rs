//! What is more to say of calls to PostgreSQL.

use super::Level::{Recommended, Required, When};
use super::{Attribute, Item, Table, int, text};

pub(super) static SPAN: Table = Table {
    title: "PostgreSQL client span",
    source: "https://opentelemetry.io/docs/specs/semconv/db/postgresql/#spans",
    attributes: ATTRIBUTES,
};

/// The server answered with an error: `error.type` is its SQLSTATE, five digits or capitals.
fn refused(span: &Item) -> bool {
    let state = |text: &str| text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    span.text("error.type").is_some_and(state)
}

const ATTRIBUTES: &[Attribute] = &[
    text("db.system.name", Required).one_of(&["postgresql"]),
    // The database that the connection was made to.
    text("db.namespace", Required),
    text("db.response.status_code", When(refused)),
    int("server.port", When(|span| span.text("server.address").is_some_and(|address| !address.starts_with('/')))),
    text("db.query.text", Required),
    text("server.address", Recommended),
];
