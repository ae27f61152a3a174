//! Rows of PostgreSQL.

use tokio_postgres::{Error, Row};

use super::super::StoreError;
use crate::auth::{Account, User};
use crate::books::Book;

type Read<T> = fn(&Row) -> Result<T, Error>;

pub(super) fn optional<T>(rows: Vec<Row>, read: Read<T>) -> Result<Option<T>, StoreError> {
    rows.first().map(read).transpose().map_err(error)
}

pub(super) fn one<T>(rows: Vec<Row>, read: Read<T>) -> Result<T, StoreError> {
    optional(rows, read)?.ok_or_else(|| StoreError::Failed("a row that was stored did not come back".into()))
}

pub(super) fn error(_: Error) -> StoreError {
    StoreError::Failed("a row does not have the expected columns".into())
}

pub(super) fn user(row: &Row) -> Result<User, Error> {
    Ok(User {
        id: row.try_get(0)?,
        username: row.try_get(1)?,
        email: row.try_get(2)?,
        full_name: row.try_get(3)?,
        is_active: row.try_get(4)?,
        created_at: row.try_get(5)?,
    })
}

pub(super) fn account(row: &Row) -> Result<Account, Error> {
    Ok(Account { user: user(row)?, password_hash: row.try_get(6)? })
}

pub(super) fn book(row: &Row) -> Result<Book, Error> {
    Ok(Book {
        id: row.try_get(0)?,
        title: row.try_get(1)?,
        author: row.try_get(2)?,
        isbn: row.try_get(3)?,
        description: row.try_get(4)?,
        price: row.try_get(5)?,
        quantity: row.try_get(6)?,
        category: row.try_get(7)?,
        published_year: row.try_get(8)?,
        owner_id: row.try_get(9)?,
        created_at: row.try_get(10)?,
        updated_at: row.try_get(11)?,
    })
}
