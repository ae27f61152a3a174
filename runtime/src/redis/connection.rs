//! One connection.

use std::fmt;
use std::sync::OnceLock;

use bb8_redis::redis::aio::{ConnectionLike, MultiplexedConnection};
use bb8_redis::redis::{Cmd, Pipeline, RedisError, RedisFuture, Value};
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;

use super::command;
use super::error::{first_error, note, note_server};
use crate::database::{Database, Response};
use crate::metrics::{self, Operation};
use crate::outcome::Outcome;
use crate::span::{self, InSpan, Site, Start};

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
}

impl Connection {
    pub(super) fn new(inner: MultiplexedConnection, database: Database, keys: bool) -> Self {
        Self { inner, database, keys, broken: false }
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

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        let Self { inner, database, keys, broken } = self;
        let call = watched(inner.req_packed_command(cmd), broken);
        if !SITE.is_on() && !metrics::is_on() {
            return Box::pin(call);
        }
        Box::pin(async move {
            let name = command::name(cmd);
            let mut operation = begin(database, &name);
            let answer = OnceLock::new();
            let noted = async {
                let result = call.await;
                let mut response = Response::default();
                match &result {
                    Err(error) => note(error, &mut response),
                    Ok(Value::ServerError(error)) => note_server(error, &mut response),
                    Ok(_) => {}
                }
                response.measure(&mut operation);
                let _ = answer.set(response);
                result
            };
            let span = span::open(
                Start::new(&SITE, &mut |fields| {
                    database.record(fields);
                    fields.set("db.operation.name", &name);
                    let mut text = String::new();
                    command::write_text(cmd, *keys, &mut text);
                    fields.set("db.query.text", &text);
                })
                .name(name.clone()),
            );
            InSpan::new(span, noted, |outcome: &mut Outcome<'_, '_>, _: &Result<Value, RedisError>| {
                answer.get().into_iter().for_each(|response: &Response| response.clone().write(outcome));
            })
            .await
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        let Self { inner, database, keys, broken } = self;
        let call = watched(inner.req_packed_commands(pipeline, offset, count), broken);
        if !SITE.is_on() && !metrics::is_on() {
            return Box::pin(call);
        }
        Box::pin(async move {
            let name = command::pipeline_name(pipeline);
            let mut operation = begin(database, &name);
            let answer = OnceLock::new();
            let noted = async {
                let result = call.await;
                let mut response = Response::default();
                match &result {
                    Err(error) => note(error, &mut response),
                    Ok(values) => {
                        if let Some(error) = first_error(values) {
                            note_server(error, &mut response);
                        }
                    }
                }
                response.measure(&mut operation);
                let _ = answer.set(response);
                result
            };
            let span = span::open(
                Start::new(&SITE, &mut |fields| {
                    database.record(fields);
                    fields.set("db.operation.name", &name);
                    fields.set("db.query.text", &command::pipeline_text(pipeline, *keys));
                    // The conventions have it on batches alone, and a batch of one is none.
                    fields.set("db.operation.batch.size", &Some(pipeline.len()).filter(|size| *size != 1));
                })
                .name(name.clone()),
            );
            InSpan::new(span, noted, |outcome: &mut Outcome<'_, '_>, _: &Result<Vec<Value>, RedisError>| {
                answer.get().into_iter().for_each(|response: &Response| response.clone().write(outcome));
            })
            .await
        })
    }

    fn get_db(&self) -> i64 {
        self.inner.get_db()
    }
}

/// Begins to measure a command or pipeline, if anybody does.
fn begin(database: &Database, name: &str) -> Option<Operation> {
    Operation::begin(|| {
        let mut attributes = database.measured();
        attributes.push(KeyValue::new("db.operation.name", name.to_owned()));
        attributes
    })
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
