//! The store that several instances of the service share.

mod connections;
mod rows;
mod server;
mod tls;

use async_trait::async_trait;
use jiff::Timestamp;

pub use self::server::{InvalidServer, Server};

use self::connections::{Connections, Values};
use super::{OpenError, Store, StoreError};
use crate::auth::{Account, NewUser, User, UserPatch};
use crate::books::{Book, BookPatch, BookQuery, NewBook, folded, isbn_key};

/// Users and books in a PostgreSQL database.
#[derive(Debug)]
pub struct PostgresStore {
    connections: Connections,
}

impl PostgresStore {
    /// Connects to `server` and makes the tables that are missing.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when the server does not answer, refuses the user, or refuses the tables.
    pub async fn connect(server: &Server) -> Result<Self, OpenError> {
        Ok(Self { connections: Connections::open(server).await? })
    }
}

const INSERT_USER: &str = "INSERT INTO users (username, email, full_name, password_hash, created_at) \
     VALUES ($1, $2, $3, $4, $5) \
     RETURNING id, username, email, full_name, is_active, created_at";

const USER_BY_USERNAME: &str = "SELECT id, username, email, full_name, is_active, created_at, password_hash \
     FROM users WHERE username = $1";

const UPDATE_USER: &str = "UPDATE users SET email = coalesce($2, email), \
     full_name = CASE WHEN $3 THEN $4 ELSE full_name END, \
     password_hash = coalesce($5, password_hash) \
     WHERE id = $1 RETURNING id, username, email, full_name, is_active, created_at";

const INSERT_BOOK: &str = "INSERT INTO books (title, author, isbn, description, price, quantity, category, \
     published_year, owner_id, created_at, isbn_digits, title_folded, author_folded) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
     RETURNING id, title, author, isbn, description, price, quantity, category, published_year, owner_id, \
     created_at, updated_at";

const BOOK: &str = "SELECT id, title, author, isbn, description, price, quantity, category, published_year, owner_id, \
     created_at, updated_at FROM books WHERE id = $1";

const BOOKS: &str = "SELECT id, title, author, isbn, description, price, quantity, category, published_year, owner_id, \
     created_at, updated_at FROM books \
     WHERE ($1::text IS NULL OR category = $1) \
     AND ($2::text IS NULL OR strpos(title_folded, $2) > 0 OR strpos(author_folded, $2) > 0) \
     ORDER BY id LIMIT $3 OFFSET $4";

const UPDATE_BOOK: &str = "UPDATE books SET title = coalesce($3, title), title_folded = coalesce($4, title_folded), \
     author = coalesce($5, author), author_folded = coalesce($6, author_folded), \
     isbn = coalesce($7, isbn), isbn_digits = coalesce($8, isbn_digits), \
     description = CASE WHEN $9 THEN $10 ELSE description END, price = CASE WHEN $11 THEN $12 ELSE price END, \
     quantity = coalesce($13, quantity), category = CASE WHEN $14 THEN $15 ELSE category END, \
     published_year = CASE WHEN $16 THEN $17 ELSE published_year END, updated_at = $18 \
     WHERE id = $1 AND owner_id = $2 \
     RETURNING id, title, author, isbn, description, price, quantity, category, published_year, owner_id, \
     created_at, updated_at";

const DELETE_BOOK: &str = "DELETE FROM books WHERE id = $1 AND owner_id = $2";

/// As precise as the database keeps it, so that an answer does not change when it is read back.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

#[async_trait]
impl Store for PostgresStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.connections.rows("SELECT 1", &[]).await.map(drop)
    }

    async fn insert_user(&self, user: &NewUser) -> Result<User, StoreError> {
        let values: Values<'_> = &[&user.username, &user.email, &user.full_name, &user.password_hash, &now()];
        rows::one(self.connections.rows(INSERT_USER, values).await?, rows::user)
    }

    async fn user_by_username(&self, username: &str) -> Result<Option<Account>, StoreError> {
        let rows = self.connections.rows(USER_BY_USERNAME, &[&username]).await?;
        rows::optional(rows, rows::account)
    }

    async fn update_user(&self, id: i64, patch: &UserPatch) -> Result<Option<User>, StoreError> {
        let values: Values<'_> = &[
            &id,
            &patch.email,
            &patch.full_name.is_some(),
            &patch.full_name.as_ref().and_then(Option::as_ref),
            &patch.password_hash,
        ];
        rows::optional(self.connections.rows(UPDATE_USER, values).await?, rows::user)
    }

    async fn insert_book(&self, book: &NewBook, owner_id: i64) -> Result<Book, StoreError> {
        let values: Values<'_> = &[
            &book.title,
            &book.author,
            &book.isbn,
            &book.description,
            &book.price,
            &book.quantity,
            &book.category,
            &book.published_year,
            &owner_id,
            &now(),
            &isbn_key(&book.isbn),
            &folded(&book.title),
            &folded(&book.author),
        ];
        rows::one(self.connections.rows(INSERT_BOOK, values).await?, rows::book)
    }

    async fn book(&self, id: i64) -> Result<Option<Book>, StoreError> {
        rows::optional(self.connections.rows(BOOK, &[&id]).await?, rows::book)
    }

    async fn books(&self, query: &BookQuery) -> Result<Vec<Book>, StoreError> {
        let values: Values<'_> = &[&query.category, &query.search.as_deref().map(folded), &query.limit, &query.skip];
        self.connections
            .rows(BOOKS, values)
            .await?
            .iter()
            .map(rows::book)
            .collect::<Result<_, _>>()
            .map_err(rows::error)
    }

    async fn update_book(&self, id: i64, owner_id: i64, patch: &BookPatch) -> Result<Option<Book>, StoreError> {
        let values: Values<'_> = &[
            &id,
            &owner_id,
            &patch.title,
            &patch.title.as_deref().map(folded),
            &patch.author,
            &patch.author.as_deref().map(folded),
            &patch.isbn,
            &patch.isbn.as_deref().map(isbn_key),
            &patch.description.is_some(),
            &patch.description.as_ref().and_then(Option::as_ref),
            &patch.price.is_some(),
            &patch.price.flatten(),
            &patch.quantity,
            &patch.category.is_some(),
            &patch.category.as_ref().and_then(Option::as_ref),
            &patch.published_year.is_some(),
            &patch.published_year.flatten(),
            &now(),
        ];
        rows::optional(self.connections.rows(UPDATE_BOOK, values).await?, rows::book)
    }

    async fn delete_book(&self, id: i64, owner_id: i64) -> Result<bool, StoreError> {
        let values: Values<'_> = &[&id, &owner_id];
        self.connections.execute(DELETE_BOOK, values).await.map(|rows| rows > 0)
    }
}
