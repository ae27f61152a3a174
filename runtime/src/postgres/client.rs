//! One connection.

use tokio_postgres::types::BorrowToSql;
use tokio_postgres::{Row, SimpleQueryMessage};

use super::prepared::{Cache, Prepared, Sql};
use super::session::{Params, Session, Shared};
use super::{Error, RowStream, Transaction, TransactionBuilder};
use crate::database::Database;
use crate::database::pool::Borrowed;

/// How many statements a connection keeps prepared, unless told otherwise.
pub(super) const STATEMENTS: usize = 256;

/// A connection to PostgreSQL whose statements are spans.
///
/// It has the methods of [`tokio_postgres::Client`]. They take the text of a statement, which is prepared at its first use
/// and kept, or one that was [`prepare`](Client::prepare)d. Statements that are awaited together are sent together
/// (pipelined), each with its own span.
#[derive(Debug)]
pub struct Client {
    client: tokio_postgres::Client,
    shared: Shared,
    pub(super) borrowed: Borrowed,
}

impl Client {
    /// Wraps a connection of the driver's, whose [`Connection`](tokio_postgres::Connection) runs elsewhere.
    pub fn new(client: tokio_postgres::Client, database: Database) -> Self {
        Self::with_statements(client, database, STATEMENTS)
    }

    pub(super) fn with_statements(client: tokio_postgres::Client, database: Database, statements: usize) -> Self {
        let shared = Shared { database, cache: Cache::new(statements), comments: false };
        Self { client, shared, borrowed: Borrowed::default() }
    }

    /// Its statements tell the server their span; see [`Manager::sqlcommenter`](super::Manager::sqlcommenter).
    #[must_use]
    pub fn sqlcommenter(mut self) -> Self {
        self.shared.comments = true;
        self
    }

    fn session(&self) -> Session<'_> {
        Session { client: &self.client, shared: &self.shared, in_transaction: false }
    }

    /// Starts a transaction: the span `BEGIN`. Dropped without [`commit`](Transaction::commit) it is rolled back.
    ///
    /// # Errors
    ///
    /// When the connection is closed or the server refuses.
    pub async fn transaction(&mut self) -> Result<Transaction<'_>, Error> {
        self.build_transaction().start().await
    }

    /// A transaction with other than the default isolation.
    pub fn build_transaction(&mut self) -> TransactionBuilder<'_> {
        TransactionBuilder::new(self.client.build_transaction(), &self.shared)
    }

    /// Asks the server for a sign of life, without a span.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn check_connection(&self) -> Result<(), Error> {
        Ok(self.client.check_connection().await?)
    }

    /// Whether the connection is closed.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// The driver's client, for what has no span here (`COPY`, cancelling).
    pub fn as_raw(&self) -> &tokio_postgres::Client {
        &self.client
    }

    /// The database, as its spans name it.
    pub fn database(&self) -> &Database {
        &self.shared.database
    }
}

/// The methods that a connection and a transaction share.
macro_rules! statements {
    () => {
        /// Prepares a statement, in a span of its own: `PREPARE` and what the statement does.
        ///
        /// # Errors
        ///
        /// When the server refuses the statement or can't be reached.
        pub async fn prepare(&self, sql: &str) -> Result<Prepared, Error> {
            self.session().prepare(sql).await
        }

        /// Runs a statement and gives its rows.
        ///
        /// # Errors
        ///
        /// When the server refuses the statement or can't be reached.
        ///
        /// # Panics
        ///
        /// If the number of parameters is not the one that the statement has.
        pub async fn query<S: Sql + ?Sized>(&self, sql: &S, params: Params<'_>) -> Result<Vec<Row>, Error> {
            self.session().query(sql, params).await
        }

        /// Runs a statement that gives exactly one row.
        ///
        /// # Errors
        ///
        /// When it gives another number of rows, when the server refuses it or can't be reached.
        pub async fn query_one<S: Sql + ?Sized>(&self, sql: &S, params: Params<'_>) -> Result<Row, Error> {
            self.session().query_one(sql, params).await
        }

        /// Runs a statement that gives one row or none.
        ///
        /// # Errors
        ///
        /// When it gives more rows, when the server refuses it or can't be reached.
        pub async fn query_opt<S: Sql + ?Sized>(&self, sql: &S, params: Params<'_>) -> Result<Option<Row>, Error> {
            self.session().query_opt(sql, params).await
        }

        /// Runs a statement whose rows are read as they come; the span ends with them.
        ///
        /// # Errors
        ///
        /// When the server refuses the statement or can't be reached.
        pub async fn query_raw<S, P, I>(&self, sql: &S, params: I) -> Result<RowStream, Error>
        where
            S: Sql + ?Sized,
            P: BorrowToSql,
            I: IntoIterator<Item = P>,
            I::IntoIter: ExactSizeIterator,
        {
            self.session().query_raw(sql, params).await
        }

        /// Runs a statement and gives the number of rows that it changed.
        ///
        /// # Errors
        ///
        /// When the server refuses the statement or can't be reached.
        pub async fn execute<S: Sql + ?Sized>(&self, sql: &S, params: Params<'_>) -> Result<u64, Error> {
            self.session().execute(sql, params).await
        }

        /// Runs statements without parameters, one after the other. Their literals are not recorded.
        ///
        /// # Errors
        ///
        /// When the server refuses one of them or can't be reached.
        pub async fn batch_execute(&self, sql: &str) -> Result<(), Error> {
            self.session().batch_execute(sql).await
        }

        /// Runs statements without parameters and gives what they return, as text. Their literals are not recorded.
        ///
        /// # Errors
        ///
        /// When the server refuses one of them or can't be reached.
        pub async fn simple_query(&self, sql: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
            self.session().simple_query(sql).await
        }
    };
}
pub(super) use statements;

impl Client {
    statements!();
}
