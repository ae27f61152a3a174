//! What is more to say of calls to Redis.

use super::Level::{Required, When};
use super::{Attribute, Item, Table, int, text};

pub(super) static SPAN: Table = Table {
    title: "Redis client span",
    source: "https://opentelemetry.io/docs/specs/semconv/db/redis/#spans",
    attributes: ATTRIBUTES,
};

/// The server answered with an error: `error.type` is its prefix, in capitals.
fn refused(span: &Item) -> bool {
    span.text("error.type").is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_uppercase()))
}

const ATTRIBUTES: &[Attribute] = &[
    text("db.system.name", Required).one_of(&["redis"]),
    text("db.operation.name", Required),
    text("db.namespace", Required),
    text("db.response.status_code", When(refused)),
    int("server.port", When(|span| span.text("server.address").is_some_and(|address| !address.starts_with('/')))),
    text("db.query.text", Required),
];
