//! A library that annotates its functions and leaves it to the application whether they record.

#![deny(warnings)]

mod everything;

pub use everything::{everything, set_up};

use traced::{attr, event, traced};

/// What can go wrong.
#[derive(Debug, PartialEq, Eq, traced::ErrorType)]
pub enum Error {
    /// There is no such book.
    #[error_type("not_found")]
    NotFound,
}

/// Whether the attributes' expressions are compiled and evaluated: with the feature `enable` somewhere in the build, and
/// somebody who records.
fn evaluated(id: i64) -> i64 {
    EVALUATED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    id
}

/// How often an attribute was evaluated.
pub static EVALUATED: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// Finds a book's title.
///
/// # Errors
///
/// [`Error::NotFound`] if there is none of that id.
#[traced("library.find", attrs(book.id = evaluated(id)), ok(|title| attrs(book.title = title)))]
pub fn find(id: i64) -> Result<&'static str, Error> {
    attr!(shelf = 3);
    event!("looked");
    if id == 1 { Ok("Emma") } else { Err(Error::NotFound) }
}

/// Does nothing with what it records.
#[traced(attrs(id))]
pub fn ignore(id: i64, #[attr("page.size")] size: i64) {
    let _inside = traced::span!("inside", evaluated = evaluated(1));
    traced::span!("closure", || ());
}

/// Counts the books.
#[traced]
pub async fn count() -> i64 {
    std::future::ready(1).await
}
