//! Every clause.

use traced::{Attributes, ErrorType, Redacted, attr, event, span, traced};

/// A page.
#[derive(Debug, Attributes)]
#[attrs(prefix = "page.")]
pub struct Page {
    skip: i64,
    #[attrs(rename = "size")]
    limit: Option<u32>,
    #[attrs(redact)]
    cursor: String,
    #[attrs(%)]
    order: char,
    #[attrs(?)]
    columns: Vec<char>,
}

/// What can go wrong.
#[derive(Debug, ErrorType)]
#[non_exhaustive]
pub enum Failure {
    /// Nothing there.
    #[error_type("not_found", expected)]
    NotFound,
    /// Somebody else's.
    #[error_type(sensitive)]
    Other(String),
}

/// Finds one.
///
/// # Errors
///
/// If there is none.
#[traced(
    attrs(..page),
    ret(|found| attrs(well = found.is_ok())),
    ok(|found| attrs(some = found.is_some()), event("looked", some = found.is_some()), status = ok),
    some(|id| attrs(id = *id)),
    none(event("none"), status = error("none")),
    err(|error| event("failed", error = ?error), type = "failed", expected(Failure::NotFound), exception = type),
    err(|Failure::Other(text)| attrs(text), status = error(text)),
)]
pub fn find(page: &Page) -> Result<Option<i64>, Failure> {
    let _inside = span!("inside", skip = page.skip);
    attr!(limit = page.limit, cursor = Redacted(&page.cursor), order = %page.order);
    event!("looking", columns = ?page.columns);
    span!("closure", || match page.skip {
        0 => Err(Failure::NotFound),
        1 => Err(Failure::Other("other".to_owned())),
        2 => Ok(None),
        skip => Ok(Some(skip)),
    })
}

/// Finds one, later.
///
/// # Errors
///
/// If there is none.
#[traced(
    attrs(..page),
    ok(|found| attrs(some = found.is_some()), status = ok),
    some(|id| attrs(id = *id)),
    none(event("none")),
    err(|error| attrs(error = ?error), expected(Failure::NotFound | Failure::Other(_) if true), exception = false),
)]
pub async fn find_later(page: &Page) -> Result<Option<i64>, Failure> {
    let found = span!("future", async { page.skip }).await;
    if found < 0 { Err(Failure::NotFound) } else { Ok(Some(found)) }
}
