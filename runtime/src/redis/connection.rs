//! One connection.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use bb8_redis::redis::aio::{ConnectionLike, MultiplexedConnection};
use bb8_redis::redis::{Cmd, Pipeline, RedisError, RedisFuture, ServerError, Value};
use opentelemetry::trace::SpanKind;

use super::command;
use super::error::{first_error, note, note_server};
use crate::database::pool::Borrowed;
use crate::database::{Database, Response};
use crate::metrics::{self, Operation};
use crate::outcome::Outcome;
use crate::span::{self, InSpan, Site, Start};
use crate::value::{Fields, key};

static SITE: Site = Site::new("redis", "traced::redis").with_kind(SpanKind::Client);

/// A connection to Redis whose commands are spans.
///
/// It is [`ConnectionLike`]: commands, pipelines and [`AsyncCommands`](super::AsyncCommands) run on it as on any other.
pub struct Connection {
    inner: MultiplexedConnection,
    database: Database,
    keys: bool,
    /// Whether an error has shown that it is of no more use.
    broken: bool,
    pub(super) borrowed: Borrowed,
}

impl Connection {
    pub(super) fn new(inner: MultiplexedConnection, database: Database, keys: bool) -> Self {
        Self { inner, database, keys, broken: false, borrowed: Borrowed::default() }
    }

    pub(super) fn inner_mut(&mut self) -> &mut MultiplexedConnection {
        &mut self.inner
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// The database, as its spans name it.
    pub fn database(&self) -> &Database {
        &self.database
    }
}

/// What is sent at once: a command or a pipeline.
#[derive(Clone, Copy)]
enum Sent<'a> {
    Command(&'a Cmd),
    Pipeline(&'a Pipeline),
}

impl Sent<'_> {
    fn name(self) -> Cow<'static, str> {
        match self {
            Self::Command(command) => command::name(command),
            Self::Pipeline(pipeline) => Cow::Owned(command::pipeline_name(pipeline)),
        }
    }

    fn text(self, keys: bool) -> String {
        match self {
            Self::Command(command) => {
                let mut text = String::new();
                command::write_text(command, keys, &mut text);
                text
            }
            Self::Pipeline(pipeline) => command::pipeline_text(pipeline, keys),
        }
    }

    /// The conventions have it on batches alone, and a batch of one is none.
    fn batch_size(self) -> Option<usize> {
        match self {
            Self::Command(_) => None,
            Self::Pipeline(pipeline) => Some(pipeline.len()).filter(|size| *size != 1),
        }
    }
}

/// What Redis answers, in which an error can stand for the answer to one command.
trait Answer {
    fn error(&self) -> Option<&ServerError>;
}

impl Answer for Value {
    fn error(&self) -> Option<&ServerError> {
        match self {
            Self::ServerError(error) => Some(error),
            _ => None,
        }
    }
}

impl Answer for Vec<Value> {
    fn error(&self) -> Option<&ServerError> {
        first_error(self)
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        let call = watched(self.inner.req_packed_command(cmd), &mut self.broken);
        traced(call, Sent::Command(cmd), &self.database, self.keys)
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        let call = watched(self.inner.req_packed_commands(pipeline, offset, count), &mut self.broken);
        traced(call, Sent::Pipeline(pipeline), &self.database, self.keys)
    }

    fn get_db(&self) -> i64 {
        self.inner.get_db()
    }
}

/// Awaits `call` in a span that tells of what was `sent`.
fn traced<'a, A: Answer + Send + 'a>(
    call: impl Future<Output = Result<A, RedisError>> + Send + 'a,
    sent: Sent<'a>,
    database: &'a Database,
    keys: bool,
) -> RedisFuture<'a, A> {
    if !SITE.is_on() && !metrics::is_on() {
        return Box::pin(call);
    }
    Box::pin(async move {
        let name = sent.name();
        let mut operation = begin(database, &name);
        let answer = OnceLock::new();
        let noted = async {
            let result = call.await;
            let mut response = Response::default();
            match &result {
                Err(error) => note(error, &mut response),
                Ok(values) => values.error().into_iter().for_each(|error| note_server(error, &mut response)),
            }
            response.measure(&mut operation);
            let _ = answer.set(response);
            result
        };
        let mut attributes = |fields: &mut Fields<'_>| {
            database.record(fields);
            fields.put(key!("db.operation.name"), &name);
            fields.put(key!("db.query.text"), &sent.text(keys));
            fields.put(key!("db.operation.batch.size"), &sent.batch_size());
        };
        let span = span::open(Start::new(&SITE, &mut attributes).name(name.clone()));
        InSpan::new(span, noted, |outcome: &mut Outcome<'_, '_>, _: &Result<A, RedisError>| {
            answer.get().into_iter().for_each(|response: &Response| response.clone().write(outcome));
        })
        .await
    })
}

/// Begins to measure a command or pipeline, if anybody does.
fn begin(database: &Database, name: &str) -> Option<Operation> {
    Operation::begin(|| database.command(name))
}

/// Awaits `call` and remembers an error after which the connection can't be used.
async fn watched<T>(call: RedisFuture<'_, T>, broken: &mut bool) -> Result<T, RedisError> {
    let result = call.await;
    if let Err(error) = &result {
        *broken |= error.is_unrecoverable_error() || error.is_connection_dropped();
    }
    result
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("database", &self.database)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}
