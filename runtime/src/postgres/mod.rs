//! Client spans for [`tokio_postgres`], and a [`bb8`] manager.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use traced::postgres::{Config, Manager, NoTls, get};
//!
//! let config: Config = "postgres://api@localhost/bookstore".parse()?;
//! let pool = traced::postgres::bb8::Pool::builder().build(Manager::new(config, NoTls)).await?;
//!
//! let client = get(&pool).await?;
//! let row = client.query_one("SELECT title FROM books WHERE id = $1", &[&1_i64]).await?;
//! # Ok(()) }
//! ```
//!
//! Each statement is a span of kind client, named after what it does (`SELECT books`), with the attributes of the
//! stable [conventions for PostgreSQL](https://opentelemetry.io/docs/specs/semconv/database/postgresql/). Parameters are
//! never recorded. Of an error its SQLSTATE is, and the name of that condition, since PostgreSQL quotes values in messages
//! and details; the [`Error`] that is returned keeps to the same, so that it can go on any span or log line.
//!
//! Statements are prepared once a connection and kept by their text.

mod client;
mod condition;
mod error;
mod manager;
mod prepared;
mod session;
mod stream;
mod transaction;

pub use bb8;
pub use tokio_postgres::{self, Config, NoTls, Row, types};

pub use crate::database::pool::{ErrorSink, Observed, get, observe};
pub use client::Client;
pub use error::Error;
pub use manager::Manager;
pub use prepared::{Prepared, Sql};
pub use stream::RowStream;
pub use transaction::{Transaction, TransactionBuilder};
