//! Where users and books are kept. Nothing above this module knows which database runs.

mod error;
mod migrations;
mod postgres;
mod sqlite;

use std::fmt;

use async_trait::async_trait;

pub use error::{OpenError, StoreError, Unique};
pub use postgres::{InvalidServer, PostgresStore, Server};
pub use sqlite::SqliteStore;

use crate::auth::{Account, NewUser, User, UserPatch};
use crate::books::{Book, BookPatch, BookQuery, NewBook};

/// A database of users and books.
///
/// Every operation is one statement, so that two that race leave no half of either, and uniqueness is the database's to
/// keep: [`StoreError::Taken`] says which one was lost.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// Whether it answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Stores a user.
    async fn insert_user(&self, user: &NewUser) -> Result<User, StoreError>;

    /// The user of that name.
    async fn user_by_username(&self, username: &str) -> Result<Option<Account>, StoreError>;

    /// Changes a user; `None` when there is none.
    async fn update_user(&self, id: i64, patch: &UserPatch) -> Result<Option<User>, StoreError>;

    /// Stores a book.
    async fn insert_book(&self, book: &NewBook, owner_id: i64) -> Result<Book, StoreError>;

    /// The book of that number.
    async fn book(&self, id: i64) -> Result<Option<Book>, StoreError>;

    /// The books that `query` asks for, ordered by number.
    async fn books(&self, query: &BookQuery) -> Result<Vec<Book>, StoreError>;

    /// Changes a book; `None` when its owner has none of that number.
    async fn update_book(&self, id: i64, owner_id: i64, patch: &BookPatch) -> Result<Option<Book>, StoreError>;

    /// Deletes a book; `false` when its owner has none of that number.
    async fn delete_book(&self, id: i64, owner_id: i64) -> Result<bool, StoreError>;
}
