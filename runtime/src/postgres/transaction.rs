//! Transactions.

use std::fmt;

use tokio_postgres::types::BorrowToSql;
use tokio_postgres::{IsolationLevel, Row, SimpleQueryMessage};

use super::client::statements;
use super::prepared::{Prepared, Sql};
use super::session::{Params, Session, Shared, outcome};
use super::{Error, RowStream};

/// A transaction whose beginning and end are spans, too: `BEGIN`, then `COMMIT` or `ROLLBACK`.
///
/// Dropped without [`commit`](Transaction::commit) it is rolled back.
pub struct Transaction<'a> {
    /// Gone when it was committed or rolled back.
    inner: Option<tokio_postgres::Transaction<'a>>,
    shared: &'a Shared,
    /// How many savepoints deep it is; a transaction itself is none.
    depth: usize,
}

impl<'a> Transaction<'a> {
    fn inner(&self) -> &tokio_postgres::Transaction<'a> {
        self.inner.as_ref().expect("it is taken only by what consumes the transaction")
    }

    fn session(&self) -> Session<'_> {
        Session { client: self.inner().client(), shared: self.shared, in_transaction: true }
    }

    /// Makes what it did last.
    ///
    /// # Errors
    ///
    /// When the server refuses or can't be reached.
    pub async fn commit(mut self) -> Result<(), Error> {
        let Some(inner) = self.inner.take() else { return Ok(()) };
        let sql = if self.depth == 0 { "COMMIT".to_owned() } else { format!("RELEASE sp_{}", self.depth) };
        let shared = self.shared;
        shared.traced(&sql).noting_future(async { inner.commit().await.map_err(Error::from) }, outcome).await
    }

    /// Undoes what it did.
    ///
    /// # Errors
    ///
    /// When the server refuses or can't be reached.
    pub async fn rollback(mut self) -> Result<(), Error> {
        let Some(inner) = self.inner.take() else { return Ok(()) };
        let sql = self.rollback_text();
        let shared = self.shared;
        shared.traced(&sql).noting_future(async { inner.rollback().await.map_err(Error::from) }, outcome).await
    }

    fn rollback_text(&self) -> String {
        if self.depth == 0 { "ROLLBACK".to_owned() } else { format!("ROLLBACK TO sp_{}", self.depth) }
    }

    /// Starts a transaction within this one, by a savepoint.
    ///
    /// # Errors
    ///
    /// When the server refuses or can't be reached.
    pub async fn transaction(&mut self) -> Result<Transaction<'_>, Error> {
        let (shared, depth) = (self.shared, self.depth + 1);
        let inner = self.inner.as_mut().expect("it is taken only by what consumes the transaction");
        let sql = format!("SAVEPOINT sp_{depth}");
        let start = async { inner.savepoint(format!("sp_{depth}")).await.map_err(Error::from) };
        let inner = shared.traced(&sql).noting_future(start, outcome).await?;
        Ok(Transaction { inner: Some(inner), shared, depth })
    }

    statements!();
}

impl Drop for Transaction<'_> {
    /// The driver sends the rollback and does not wait for it: a span as short as that, so that it is seen.
    fn drop(&mut self) {
        if let Some(inner) = self.inner.take() {
            let sql = self.rollback_text();
            let span = self.shared.traced(&sql).open().open();
            drop(inner);
            if let Some(span) = span {
                span.end();
            }
        }
    }
}

impl fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("shared", &self.shared).field("depth", &self.depth).finish_non_exhaustive()
    }
}

/// A transaction with other than the default isolation; made by [`Client::build_transaction`](super::Client::build_transaction).
#[must_use = "a transaction begins with `start`"]
pub struct TransactionBuilder<'a> {
    inner: tokio_postgres::TransactionBuilder<'a>,
    shared: &'a Shared,
    text: String,
}

impl<'a> TransactionBuilder<'a> {
    pub(super) fn new(inner: tokio_postgres::TransactionBuilder<'a>, shared: &'a Shared) -> Self {
        Self { inner, shared, text: "BEGIN".to_owned() }
    }

    /// How far it is isolated from others.
    pub fn isolation_level(mut self, level: IsolationLevel) -> Self {
        self.text.push_str(match level {
            IsolationLevel::ReadUncommitted => " ISOLATION LEVEL READ UNCOMMITTED",
            IsolationLevel::ReadCommitted => " ISOLATION LEVEL READ COMMITTED",
            IsolationLevel::RepeatableRead => " ISOLATION LEVEL REPEATABLE READ",
            IsolationLevel::Serializable => " ISOLATION LEVEL SERIALIZABLE",
            _ => "",
        });
        self.inner = self.inner.isolation_level(level);
        self
    }

    /// Whether it only reads.
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.text.push_str(if read_only { " READ ONLY" } else { " READ WRITE" });
        self.inner = self.inner.read_only(read_only);
        self
    }

    /// Whether it may wait for a snapshot that can't fail it; of use to serializable transactions that only read.
    pub fn deferrable(mut self, deferrable: bool) -> Self {
        self.text.push_str(if deferrable { " DEFERRABLE" } else { " NOT DEFERRABLE" });
        self.inner = self.inner.deferrable(deferrable);
        self
    }

    /// Begins it.
    ///
    /// # Errors
    ///
    /// When the server refuses or can't be reached.
    pub async fn start(self) -> Result<Transaction<'a>, Error> {
        let Self { inner, shared, text } = self;
        let start = async { inner.start().await.map_err(Error::from) };
        let inner = shared.traced(&text).noting_future(start, outcome).await?;
        Ok(Transaction { inner: Some(inner), shared, depth: 0 })
    }
}

impl fmt::Debug for TransactionBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransactionBuilder").field("text", &self.text).finish_non_exhaustive()
    }
}
