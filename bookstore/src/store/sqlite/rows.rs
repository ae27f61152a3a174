//! Rows of the embedded store.

use jiff::Timestamp;
use rusqlite::{Result, Row, types::Type};

use crate::auth::{Account, User};
use crate::books::Book;

fn timestamp(index: usize, microseconds: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(microseconds)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(index, Type::Integer, Box::new(error)))
}

pub(super) fn user(row: &Row<'_>) -> Result<User> {
    Ok(User {
        id: row.get(0)?,
        username: row.get(1)?,
        email: row.get(2)?,
        full_name: row.get(3)?,
        is_active: row.get(4)?,
        created_at: timestamp(5, row.get(5)?)?,
    })
}

pub(super) fn account(row: &Row<'_>) -> Result<Account> {
    Ok(Account { user: user(row)?, password_hash: row.get(6)? })
}

pub(super) fn book(row: &Row<'_>) -> Result<Book> {
    Ok(Book {
        id: row.get(0)?,
        title: row.get(1)?,
        author: row.get(2)?,
        isbn: row.get(3)?,
        description: row.get(4)?,
        price: row.get(5)?,
        quantity: row.get(6)?,
        category: row.get(7)?,
        published_year: row.get(8)?,
        owner_id: row.get(9)?,
        created_at: timestamp(10, row.get(10)?)?,
        updated_at: row.get::<_, Option<i64>>(11)?.map(|at| timestamp(11, at)).transpose()?,
    })
}
