//! The embedded store: one SQLite file, nothing to install.

mod connections;
mod rows;

use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{OptionalExtension, named_params};

use self::connections::{Access, Connections};
use super::{OpenError, Store, StoreError};
use crate::auth::{Account, NewUser, User, UserPatch};
use crate::books::{Book, BookPatch, BookQuery, NewBook, folded, isbn_key};

/// Users and books in an SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    connections: Connections,
}

impl SqliteStore {
    /// Opens the file at `path`, creating it and its tables if they are missing.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when the file can't be opened or is no database.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self { connections: Connections::open(path).await? })
    }
}

const INSERT_USER: &str = "INSERT INTO users (username, email, full_name, password_hash, created_at) \
     VALUES (:username, :email, :full_name, :password_hash, :created_at) \
     RETURNING id, username, email, full_name, is_active, created_at";

const USER_BY_USERNAME: &str = "SELECT id, username, email, full_name, is_active, created_at, password_hash \
     FROM users WHERE username = :username";

const UPDATE_USER: &str = "UPDATE users SET email = coalesce(:email, email), \
     full_name = CASE WHEN :set_full_name THEN :full_name ELSE full_name END, \
     password_hash = coalesce(:password_hash, password_hash) \
     WHERE id = :id RETURNING id, username, email, full_name, is_active, created_at";

const INSERT_BOOK: &str = "INSERT INTO books (title, author, isbn, description, price, quantity, category, \
     published_year, owner_id, created_at, isbn_digits, title_folded, author_folded) \
     VALUES (:title, :author, :isbn, :description, :price, :quantity, :category, :published_year, :owner_id, \
     :created_at, :isbn_digits, :title_folded, :author_folded) \
     RETURNING id, title, author, isbn, description, price, quantity, category, published_year, owner_id, \
     created_at, updated_at";

const BOOK: &str = "SELECT id, title, author, isbn, description, price, quantity, category, published_year, owner_id, \
     created_at, updated_at FROM books WHERE id = :id";

const BOOKS: &str = "SELECT id, title, author, isbn, description, price, quantity, category, published_year, owner_id, \
     created_at, updated_at FROM books \
     WHERE (:category IS NULL OR category = :category) \
     AND (:search IS NULL OR instr(title_folded, :search) > 0 OR instr(author_folded, :search) > 0) \
     ORDER BY id LIMIT :limit OFFSET :skip";

const UPDATE_BOOK: &str = "UPDATE books SET title = coalesce(:title, title), \
     title_folded = coalesce(:title_folded, title_folded), author = coalesce(:author, author), \
     author_folded = coalesce(:author_folded, author_folded), isbn = coalesce(:isbn, isbn), \
     isbn_digits = coalesce(:isbn_digits, isbn_digits), \
     description = CASE WHEN :set_description THEN :description ELSE description END, \
     price = CASE WHEN :set_price THEN :price ELSE price END, quantity = coalesce(:quantity, quantity), \
     category = CASE WHEN :set_category THEN :category ELSE category END, \
     published_year = CASE WHEN :set_published_year THEN :published_year ELSE published_year END, \
     updated_at = :updated_at \
     WHERE id = :id AND owner_id = :owner_id \
     RETURNING id, title, author, isbn, description, price, quantity, category, published_year, owner_id, \
     created_at, updated_at";

const DELETE_BOOK: &str = "DELETE FROM books WHERE id = :id AND owner_id = :owner_id";

#[async_trait]
impl Store for SqliteStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.connections.run(Access::Read, "SELECT 1", |statement| statement.query_row([], |_| Ok(()))).await
    }

    async fn insert_user(&self, user: &NewUser) -> Result<User, StoreError> {
        let user = user.clone();
        let insert = move |statement: &mut rusqlite::CachedStatement<'_>| {
            let values = named_params! {
                ":username": user.username, ":email": user.email, ":full_name": user.full_name,
                ":password_hash": user.password_hash, ":created_at": Timestamp::now().as_microsecond(),
            };
            statement.query_row(values, rows::user)
        };
        self.connections.run(Access::Write, INSERT_USER, insert).await
    }

    async fn user_by_username(&self, username: &str) -> Result<Option<Account>, StoreError> {
        let username = username.to_owned();
        let select = move |statement: &mut rusqlite::CachedStatement<'_>| {
            statement.query_row(named_params! { ":username": username }, rows::account).optional()
        };
        self.connections.run(Access::Read, USER_BY_USERNAME, select).await
    }

    async fn update_user(&self, id: i64, patch: &UserPatch) -> Result<Option<User>, StoreError> {
        let patch = patch.clone();
        let update = move |statement: &mut rusqlite::CachedStatement<'_>| {
            let values = named_params! {
                ":id": id, ":email": patch.email, ":set_full_name": patch.full_name.is_some(),
                ":full_name": patch.full_name.flatten(), ":password_hash": patch.password_hash,
            };
            statement.query_row(values, rows::user).optional()
        };
        self.connections.run(Access::Write, UPDATE_USER, update).await
    }

    async fn insert_book(&self, book: &NewBook, owner_id: i64) -> Result<Book, StoreError> {
        let book = book.clone();
        let insert = move |statement: &mut rusqlite::CachedStatement<'_>| {
            let values = named_params! {
                ":title": book.title, ":author": book.author, ":isbn": book.isbn, ":description": book.description,
                ":price": book.price, ":quantity": book.quantity, ":category": book.category,
                ":published_year": book.published_year, ":owner_id": owner_id,
                ":created_at": Timestamp::now().as_microsecond(), ":isbn_digits": isbn_key(&book.isbn),
                ":title_folded": folded(&book.title), ":author_folded": folded(&book.author),
            };
            statement.query_row(values, rows::book)
        };
        self.connections.run(Access::Write, INSERT_BOOK, insert).await
    }

    async fn book(&self, id: i64) -> Result<Option<Book>, StoreError> {
        let select = move |statement: &mut rusqlite::CachedStatement<'_>| {
            statement.query_row(named_params! { ":id": id }, rows::book).optional()
        };
        self.connections.run(Access::Read, BOOK, select).await
    }

    async fn books(&self, query: &BookQuery) -> Result<Vec<Book>, StoreError> {
        let query = query.clone();
        let select = move |statement: &mut rusqlite::CachedStatement<'_>| {
            let values = named_params! {
                ":category": query.category, ":search": query.search.as_deref().map(folded),
                ":limit": query.limit, ":skip": query.skip,
            };
            statement.query_map(values, rows::book)?.collect()
        };
        self.connections.run(Access::Read, BOOKS, select).await
    }

    async fn update_book(&self, id: i64, owner_id: i64, patch: &BookPatch) -> Result<Option<Book>, StoreError> {
        let patch = patch.clone();
        let update = move |statement: &mut rusqlite::CachedStatement<'_>| {
            let values = named_params! {
                ":id": id, ":owner_id": owner_id, ":title_folded": patch.title.as_deref().map(folded),
                ":title": patch.title, ":author_folded": patch.author.as_deref().map(folded), ":author": patch.author,
                ":isbn_digits": patch.isbn.as_deref().map(isbn_key), ":isbn": patch.isbn,
                ":set_description": patch.description.is_some(), ":description": patch.description.flatten(),
                ":set_price": patch.price.is_some(), ":price": patch.price.flatten(), ":quantity": patch.quantity,
                ":set_category": patch.category.is_some(), ":category": patch.category.flatten(),
                ":set_published_year": patch.published_year.is_some(),
                ":published_year": patch.published_year.flatten(),
                ":updated_at": Timestamp::now().as_microsecond(),
            };
            statement.query_row(values, rows::book).optional()
        };
        self.connections.run(Access::Write, UPDATE_BOOK, update).await
    }

    async fn delete_book(&self, id: i64, owner_id: i64) -> Result<bool, StoreError> {
        let delete = move |statement: &mut rusqlite::CachedStatement<'_>| {
            statement.execute(named_params! { ":id": id, ":owner_id": owner_id }).map(|rows| rows > 0)
        };
        self.connections.run(Access::Write, DELETE_BOOK, delete).await
    }
}
