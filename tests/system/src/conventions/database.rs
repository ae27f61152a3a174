//! Spans of calls to a database, whatever it is.

use super::Level::{OptIn, Recommended, Required, When};
use super::{Attribute, Item, Table, int, text};

pub(super) static SPAN: Table = Table {
    title: "database client span",
    source: "https://opentelemetry.io/docs/specs/semconv/db/database-spans/#span-definition",
    attributes: ATTRIBUTES,
};

/// The summary names one operation, in capitals: of several there is no one name.
pub(super) fn one_operation(item: &Item) -> bool {
    let is_operation = |word: &&str| word.bytes().all(|byte| byte.is_ascii_uppercase());
    item.text("db.query.summary").is_some_and(|text| text.split(' ').filter(is_operation).count() == 1)
}

const ATTRIBUTES: &[Attribute] = &[
    // A well-known one where there is one; further kinds of database are up to the program.
    text("db.system.name", Required),
    text("db.collection.name", When(|_| false)),
    text("db.namespace", When(|_| false)),
    text("db.operation.name", When(one_operation)),
    text("db.response.status_code", When(|_| false)),
    text("error.type", When(|span| span.failed)),
    // If it is not the default port: recorded always.
    int("server.port", When(|_| false)),
    int("db.operation.batch.size", Recommended),
    text("db.query.summary", Recommended),
    text("db.query.text", Recommended),
    text("server.address", Recommended),
    int("db.response.returned_rows", OptIn).in_development(),
];
