//! Rows that are read as they come.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use pin_project_lite::pin_project;
use tokio_postgres::Row;

use super::Error;
use crate::database::{Response, Statement};
use crate::metrics::Operation;
use crate::recorder::OpenSpan;

pin_project! {
    /// The rows of a query, read as they come; the query's span ends with them.
    ///
    /// Dropped before its end it leaves `traced.cancelled = true` on the span.
    #[must_use = "streams do nothing unless polled"]
    pub struct RowStream {
        #[pin]
        rows: tokio_postgres::RowStream,
        span: Open,
    }
}

/// The span with what was counted; ends when it is dropped.
struct Open {
    span: Option<OpenSpan>,
    operation: Option<Operation>,
    rows: usize,
    done: bool,
}

impl Open {
    fn finish(&mut self, error: Option<&Error>) {
        self.done = true;
        if self.span.is_none() && self.operation.is_none() {
            return;
        }
        let mut response = Response::default();
        response.returned_rows(self.rows);
        if let Some(error) = error {
            error.note(&mut response);
        }
        response.measure(&mut self.operation);
        self.operation = None;
        if let Some(span) = self.span.take() {
            response.write_to(&span);
            span.end();
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.done
            && let Some(span) = &self.span
        {
            span.set(&mut |fields| fields.slot("traced.cancelled").bool(true));
        }
        if !self.done {
            // Dropped without an answer it counts as given up.
            self.operation = None;
        }
        self.finish(None);
    }
}

impl RowStream {
    pub(super) async fn open(
        statement: Statement<'_>,
        query: impl Future<Output = Result<tokio_postgres::RowStream, Error>>,
    ) -> Result<Self, Error> {
        let mut span = Open { operation: statement.measure(), span: statement.open().open(), rows: 0, done: false };
        match query.await {
            Ok(rows) => Ok(Self { rows, span }),
            Err(error) => {
                span.finish(Some(&error));
                Err(error)
            }
        }
    }

    /// How many rows the statement affected; known when the stream has ended.
    pub fn rows_affected(&self) -> Option<u64> {
        self.rows.rows_affected()
    }
}

impl Stream for RowStream {
    type Item = Result<Row, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        Poll::Ready(match ready!(this.rows.poll_next(cx)) {
            Some(Ok(row)) => {
                this.span.rows += 1;
                Some(Ok(row))
            }
            Some(Err(error)) => {
                let error = Error::from(error);
                this.span.finish(Some(&error));
                Some(Err(error))
            }
            None => {
                this.span.finish(None);
                None
            }
        })
    }
}

impl fmt::Debug for RowStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowStream").field("rows", &self.span.rows).finish_non_exhaustive()
    }
}
