//! What is more to say of calls to SQLite, for which the conventions have a name and no page of its own.

use super::Level::Required;
use super::{Attribute, Table, text};

pub(super) static SPAN: Table = Table {
    title: "SQLite client span",
    source: "https://opentelemetry.io/docs/specs/semconv/db/database-spans/",
    attributes: ATTRIBUTES,
};

const ATTRIBUTES: &[Attribute] =
    &[text("db.system.name", Required).one_of(&["sqlite"]), text("db.query.text", Required)];
