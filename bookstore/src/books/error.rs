//! Why something can't be done with a book.

use crate::store::{StoreError, Unique};

/// What the business logic may fail with. Its messages are the service's answers.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fewer than [`SHORTEST_TITLE`](super::SHORTEST_TITLE) characters.
    #[error("Title must be at least 3 characters")]
    TitleTooShort,
    /// The book is another user's; what the user wanted to do with it.
    #[error("Not authorized to {0} this book")]
    NotOwner(&'static str),
    /// There is no such book.
    #[error("Book not found")]
    NotFound,
    /// Another book has the ISBN.
    #[error("ISBN already registered")]
    IsbnTaken,
    /// A book could not be written as JSON.
    #[error("the book could not be encoded")]
    Encoding,
    /// The store did not do it.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(Unique::Isbn) => Self::IsbnTaken,
            other => Self::Store(other),
        }
    }
}

impl traced::ErrorType for Error {
    fn error_type(&self) -> &str {
        match self {
            Self::TitleTooShort => "validation",
            Self::NotOwner(_) => "unauthorized",
            Self::NotFound => "not_found",
            Self::IsbnTaken => "conflict",
            Self::Encoding => "encoding_failed",
            Self::Store(error) => error.error_type(),
        }
    }

    fn is_expected(&self) -> bool {
        matches!(self, Self::NotFound)
    }
}
