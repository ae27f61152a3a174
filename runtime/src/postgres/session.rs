//! Sending statements over a connection, in a transaction or not.

use tokio_postgres::error::SqlState;
use tokio_postgres::types::{BorrowToSql, ToSql};
use tokio_postgres::{Client, Error as DriverError, Row, SimpleQueryMessage, Statement};

use opentelemetry::Context;
use opentelemetry::trace::{SpanKind, TraceContextExt as _};

use super::prepared::{Cache, Sql};
use super::stream::RowStream;
use super::{Error, Prepared};
use crate::database::{Database, Response, Statement as Traced};
use crate::span::Site;

static SITE: Site = Site::new("PostgreSQL", "traced::postgres").with_kind(SpanKind::Client);

/// What belongs to a connection besides the driver's client.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) database: Database,
    pub(super) cache: Cache,
    /// Whether statements tell their span in a comment.
    pub(super) comments: bool,
}

impl Shared {
    pub(super) fn traced<'s>(&'s self, sql: &'s str) -> Traced<'s> {
        Traced::new(&self.database, sql).at(&SITE)
    }

    /// `sql` with the current span in a comment, if it is to be told: that of the statement itself, while it runs.
    fn commented(&self, sql: &str) -> Option<String> {
        let span = self.comments.then(|| Context::map_current(|cx| cx.span().span_context().clone()))?;
        // Behind a comment to the end of a line it would be a part of that.
        let blank = if sql.contains("--") { '\n' } else { ' ' };
        let (trace_id, span_id) = (span.trace_id(), span.span_id());
        (span.is_valid() && span.is_sampled())
            .then(|| format!("{sql}{blank}/*traceparent='00-{trace_id}-{span_id}-01'*/"))
    }
}

/// A connection that statements are sent over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Session<'a> {
    pub(super) client: &'a Client,
    pub(super) shared: &'a Shared,
    /// An error has ended the transaction then: nothing can be tried again.
    pub(super) in_transaction: bool,
}

/// The parameters of a statement.
pub(super) type Params<'p> = &'p [&'p (dyn ToSql + Sync)];

/// Awaits `$call` with the statement of `$sql`; once more when the server has forgotten it or its tables have changed.
macro_rules! with_statement {
    ($session:ident, $sql:ident, |$statement:ident| $call:expr) => {
        async {
            let $statement = &$session.statement($sql).await?;
            match $call.await {
                Err(error) if $session.is_stale($sql, &error) => {
                    let $statement = &$session.statement($sql).await?;
                    $call.await.map_err(Error::from)
                }
                result => result.map_err(Error::from),
            }
        }
    };
}

impl<'a> Session<'a> {
    pub(super) fn traced<'s>(self, sql: &'s str) -> Traced<'s>
    where
        'a: 's,
    {
        self.shared.traced(sql)
    }

    async fn statement<S: Sql + ?Sized>(self, sql: &S) -> Result<Statement, Error> {
        if let Some(prepared) = sql.prepared() {
            return Ok(prepared.statement().clone());
        }
        // The text is another each time: of no use to anybody later.
        if let Some(commented) = self.shared.commented(sql.text()) {
            return Ok(self.client.prepare(&commented).await?);
        }
        if let Some(known) = self.shared.cache.get(sql.text()) {
            return Ok(known);
        }
        let statement = self.client.prepare(sql.text()).await?;
        self.shared.cache.insert(sql.text(), statement.clone());
        Ok(statement)
    }

    fn is_stale<S: Sql + ?Sized>(self, sql: &S, error: &DriverError) -> bool {
        let Some(error) = error.as_db_error().filter(|_| sql.prepared().is_none()) else { return false };
        let forgotten = *error.code() == SqlState::INVALID_SQL_STATEMENT_NAME;
        // "cached plan must not change result type": the message is translated, the routine is not.
        let changed =
            *error.code() == SqlState::FEATURE_NOT_SUPPORTED && error.routine() == Some("RevalidateCachedQuery");
        if forgotten {
            self.shared.cache.clear();
        } else if changed {
            self.shared.cache.remove(sql.text());
        }
        (forgotten || changed) && !self.in_transaction
    }

    pub(super) async fn prepare(self, sql: &str) -> Result<Prepared, Error> {
        let prepare = async { self.client.prepare(sql).await.map_err(Error::from) };
        let statement = self.traced(sql).preparing().noting_future(prepare, outcome).await?;
        Ok(Prepared::new(sql, statement))
    }

    pub(super) async fn query<S: Sql + ?Sized>(self, sql: &S, params: Params<'_>) -> Result<Vec<Row>, Error> {
        let call = with_statement!(self, sql, |statement| self.client.query(statement, params));
        self.traced(sql.text())
            .noting_future(call, |result, response| match result {
                Ok(rows) => response.returned_rows(rows.len()),
                Err(error) => error.note(response),
            })
            .await
    }

    pub(super) async fn query_one<S: Sql + ?Sized>(self, sql: &S, params: Params<'_>) -> Result<Row, Error> {
        let call = with_statement!(self, sql, |statement| self.client.query_one(statement, params));
        self.traced(sql.text())
            .noting_future(call, |result, response| match result {
                Ok(_) => response.returned_rows(1),
                Err(error) => error.note(response),
            })
            .await
    }

    pub(super) async fn query_opt<S: Sql + ?Sized>(self, sql: &S, params: Params<'_>) -> Result<Option<Row>, Error> {
        let call = with_statement!(self, sql, |statement| self.client.query_opt(statement, params));
        self.traced(sql.text())
            .noting_future(call, |result, response| match result {
                Ok(row) => response.returned_rows(usize::from(row.is_some())),
                Err(error) => error.note(response),
            })
            .await
    }

    pub(super) async fn query_raw<S, P, I>(self, sql: &S, params: I) -> Result<RowStream, Error>
    where
        S: Sql + ?Sized,
        P: BorrowToSql,
        I: IntoIterator<Item = P>,
        I::IntoIter: ExactSizeIterator,
    {
        let call = async {
            let statement = self.statement(sql).await?;
            let result = self.client.query_raw(&statement, params).await;
            // The parameters are gone: a statement that the server has forgotten is prepared anew by the next call.
            result.map_err(|error| {
                self.is_stale(sql, &error);
                Error::from(error)
            })
        };
        RowStream::open(self.traced(sql.text()), call).await
    }

    pub(super) async fn execute<S: Sql + ?Sized>(self, sql: &S, params: Params<'_>) -> Result<u64, Error> {
        let call = with_statement!(self, sql, |statement| self.client.execute(statement, params));
        self.traced(sql.text()).noting_future(call, outcome).await
    }

    pub(super) async fn batch_execute(self, sql: &str) -> Result<(), Error> {
        let call = async {
            let commented = self.shared.commented(sql);
            self.client.batch_execute(commented.as_deref().unwrap_or(sql)).await.map_err(Error::from)
        };
        self.traced(sql).without_literals().noting_future(call, outcome).await
    }

    pub(super) async fn simple_query(self, sql: &str) -> Result<Vec<SimpleQueryMessage>, Error> {
        let call = async {
            let commented = self.shared.commented(sql);
            self.client.simple_query(commented.as_deref().unwrap_or(sql)).await.map_err(Error::from)
        };
        self.traced(sql)
            .without_literals()
            .noting_future(call, |result, response| match result {
                Ok(messages) => {
                    let rows = messages.iter().filter(|message| matches!(message, SimpleQueryMessage::Row(_)));
                    response.returned_rows(rows.count());
                }
                Err(error) => error.note(response),
            })
            .await
    }
}

/// Tells how a statement went that returns no rows.
pub(super) fn outcome<T>(result: &Result<T, Error>, response: &mut Response) {
    if let Err(error) = result {
        error.note(response);
    }
}
