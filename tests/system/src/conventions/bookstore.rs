//! What the bookstore itself says: the table of docs/naming.md.

use super::Kind::Bool;
use super::Level::OptIn;
use super::{Attribute, Table, attribute, int, text};

pub(super) static SPAN: Table =
    Table { title: "the bookstore's own", source: "docs/naming.md", attributes: ATTRIBUTES };

const ATTRIBUTES: &[Attribute] = &[
    // In development in the conventions, which have text there; a number here, as in the guide.
    int("user.id", OptIn).own(),
    text("user.username", OptIn).own(),
    int("book.id", OptIn).own(),
    text("book.title", OptIn).own(),
    text("book.author", OptIn).own(),
    int("query.skip", OptIn).own(),
    int("query.limit", OptIn).own(),
    int("result.count", OptIn).own(),
    int("pagination.skip", OptIn).own(),
    int("pagination.limit", OptIn).own(),
    text("verification.result", OptIn).one_of(&["success", "failed"]).own(),
    text("token.subject", OptIn).own(),
    text("token.expiry", OptIn).own(),
    attribute("cache.hit", Bool, OptIn).own(),
];
