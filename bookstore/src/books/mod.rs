//! What can be done with books: the business logic that the guide instruments.

mod error;
mod model;

use traced::traced;

pub use error::Error;
pub use model::{Book, BookPatch, BookQuery, NewBook, folded, isbn_key};

use crate::cache::{CacheError, Lease, Lookup, Shelf};
use crate::store::Store;

/// The shortest title, in characters.
pub const SHORTEST_TITLE: usize = 3;

/// A book as an answer's body: what the cache keeps.
pub type BookJson = String;

/// Refuses titles that are too short.
///
/// # Errors
///
/// [`Error::TitleTooShort`].
#[traced(ok(event("Validation passed")), err(event("Validation failed: title too short")))]
pub fn validate_book_data(title: &str) -> Result<(), Error> {
    if title.chars().count() < SHORTEST_TITLE { Err(Error::TitleTooShort) } else { Ok(()) }
}

/// Stores a book.
///
/// # Errors
///
/// [`Error::IsbnTaken`], also when another request was faster.
#[traced(
    attrs(user.id = user_id, book.title = &book.title, book.author = &book.author),
    ok(|book| attrs(book.id = book.id), event("Book created successfully"), status = ok),
)]
pub async fn create_book(store: &dyn Store, book: &NewBook, user_id: i64) -> Result<Book, Error> {
    Ok(store.insert_book(book, user_id).await?)
}

/// The books that are asked for.
///
/// # Errors
///
/// [`Error::Store`].
#[traced(
    attrs(query.skip = query.skip, query.limit = query.limit),
    ok(|books| attrs(result.count = books.len()), event("Books retrieved", result.count = books.len())),
)]
pub async fn get_books(store: &dyn Store, query: &BookQuery) -> Result<Vec<Book>, Error> {
    Ok(store.books(query).await?)
}

/// A book as an answer's body, from the cache if it is there.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::Store`].
#[traced(attrs(book.id = id))]
pub async fn get_book(store: &dyn Store, shelf: &Shelf, id: i64) -> Result<BookJson, Error> {
    let key = cache_key(id);
    let lease: Option<Lease> = match shelf.get(&key).await {
        Lookup::Hit(json) if is_book(&json, id) => return Ok(json),
        // Nothing that this service wrote: the next reader fills the entry anew.
        Lookup::Hit(_) => {
            let _ = shelf.remove(&key).await;
            None
        }
        Lookup::Miss(lease) => lease,
    };
    let read = stored(store, id).await;
    match (lease, &read) {
        (Some(lease), Ok(json)) => shelf.fill(&key, lease, json).await,
        (Some(lease), Err(_)) => shelf.release(&key, lease).await,
        (None, _) => {}
    }
    read
}

async fn stored(store: &dyn Store, id: i64) -> Result<BookJson, Error> {
    let book = store.book(id).await?.ok_or(Error::NotFound)?;
    serde_json::to_string(&book).map_err(|_| Error::Encoding)
}

/// Whether a cached text is a whole answer about the book of that number: others may write to the same cache.
fn is_book(json: &str, id: i64) -> bool {
    serde_json::from_str::<Book>(json).is_ok_and(|book| book.id == id)
}

/// Changes a book of the user's.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::NotOwner`], [`Error::IsbnTaken`].
#[traced(attrs(book.id = id, user.id = user_id), ok(event("Book updated successfully"), status = ok))]
pub async fn update_book(store: &dyn Store, id: i64, user_id: i64, patch: &BookPatch) -> Result<Book, Error> {
    let book = store.book(id).await?.ok_or(Error::NotFound)?;
    verify_book_ownership(&book, user_id, Error::NotOwner("update"))?;
    if patch.is_empty() {
        return Ok(book);
    }
    // Deleted since: its owner never changes.
    store.update_book(id, user_id, patch).await?.ok_or(Error::NotFound)
}

/// Deletes a book of the user's; `None` when there is none of that number.
///
/// # Errors
///
/// [`Error::NotOwner`].
#[traced(
    attrs(book.id = id, user.id = user_id),
    none(event("Book not found"), status = error("Book not found")),
    some(event("Book deleted successfully"), status = ok),
    err(|Error::NotOwner(_)| event("Unauthorized deletion attempt")),
)]
pub async fn delete_book(store: &dyn Store, id: i64, user_id: i64) -> Result<Option<()>, Error> {
    let Some(book) = fetch_book_for_deletion(store, id).await? else { return Ok(None) };
    verify_book_ownership(&book, user_id, Error::NotOwner("delete"))?;
    // `false`: deleted since.
    Ok(execute_delete(store, id, user_id).await?.then_some(()))
}

#[traced]
async fn fetch_book_for_deletion(store: &dyn Store, id: i64) -> Result<Option<Book>, Error> {
    Ok(store.book(id).await?)
}

#[traced]
fn verify_book_ownership(book: &Book, user_id: i64, otherwise: Error) -> Result<(), Error> {
    if book.owner_id == user_id { Ok(()) } else { Err(otherwise) }
}

#[traced]
async fn execute_delete(store: &dyn Store, id: i64, user_id: i64) -> Result<bool, Error> {
    Ok(store.delete_book(id, user_id).await?)
}

/// Drops a book from the cache. To be called after the store has changed.
///
/// # Errors
///
/// [`CacheError`], when the entry will be dropped later: nothing to fail for.
#[traced("cache_invalidation", attrs(book.id = id))]
pub async fn invalidate(shelf: &Shelf, id: i64) -> Result<(), CacheError> {
    shelf.remove(&cache_key(id)).await
}

fn cache_key(id: i64) -> String {
    format!("book:{id}")
}
