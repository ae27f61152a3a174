//! What pools of connections have in common.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bb8::{ManageConnection, Pool, PooledConnection, RunError};
#[cfg(feature = "metrics")]
use opentelemetry::{KeyValue, metrics::Meter};

use super::Database;
use crate::metrics;
use crate::outcome::ErrorType;
use crate::span::{self, InSpan, Site, Start};
use crate::value::key;

static WAIT: Site = Site::new("wait for connection", "traced::database");

/// How long a connection may take until waiting for it is worth a span.
const NOTABLE: Duration = Duration::from_millis(10);

/// A manager whose pool [`get`] takes connections from.
///
/// The drivers' own managers are none, since their connections have no spans:
///
/// ```compile_fail
/// # #[cfg(not(feature = "redis"))] compile_error!("");
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let manager = bb8_redis::RedisConnectionManager::new("redis://localhost")?;
/// let pool = traced::redis::bb8::Pool::builder().build(manager).await?;
/// let connection = traced::redis::get(&pool).await?; // help: make it with `traced::redis::Manager`
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(
    message = "connections of a pool of `{Self}` have no spans",
    label = "a pool of `traced::postgres::Manager` or `traced::redis::Manager` is expected",
    note = "make the pool with `traced::postgres::Manager::new(config, tls)` or `traced::redis::Manager::new(url)`"
)]
pub trait Pooled: ManageConnection {
    /// The kind of database: `db.system.name`.
    const SYSTEM: &'static str;

    /// The database that a connection leads to, for the metrics of its pool.
    fn database(_connection: &Self::Connection) -> Option<&Database> {
        None
    }

    /// `connection` was taken from its pool, for the metric of how long it is used.
    #[doc(hidden)]
    fn borrowed(_connection: &mut Self::Connection) {}
}

/// Since when a connection is out of its pool, while somebody measures.
#[derive(Debug, Default)]
pub(crate) struct Borrowed(Option<Instant>);

impl Borrowed {
    pub(crate) fn begin(&mut self) {
        self.0 = metrics::is_on().then(Instant::now);
    }

    /// It is given back: its manager is asked then whether it still works.
    pub(crate) fn end(&mut self, database: &Database) {
        if let Some(start) = self.0.take() {
            metrics::connection_used(start.elapsed(), database.pool());
        }
    }
}

/// Takes a connection from `pool`; having to wait for it shows as a span, `wait for connection`.
///
/// There is none when the connection is there within 10 ms, and the span starts after these.
///
/// # Errors
///
/// When there is none in time, or none can be made: `pool` knows no cause for that, its [`ErrorSink`] does.
pub async fn get<M: Pooled>(pool: &Pool<M>) -> Result<PooledConnection<'_, M>, RunError<M::Error>> {
    let start = metrics::is_on().then(Instant::now);
    let mut result = get_in_span(pool).await;
    if let (Some(start), Ok(connection)) = (start, &mut result) {
        if let Some(database) = M::database(connection) {
            metrics::connection_waited(start.elapsed(), database.pool());
        }
        M::borrowed(connection);
    }
    result
}

async fn get_in_span<M: Pooled>(pool: &Pool<M>) -> Result<PooledConnection<'_, M>, RunError<M::Error>> {
    if !WAIT.is_on() {
        return pool.get().await;
    }
    let mut getting = std::pin::pin!(pool.get());
    if let Ok(done) = tokio::time::timeout(NOTABLE, getting.as_mut()).await {
        return done;
    }
    let span = span::open(Start::new(&WAIT, &mut |fields| {
        fields.place(key!("db.system.name")).static_str(M::SYSTEM);
    }));
    InSpan::new(
        span,
        getting,
        |outcome: &mut crate::outcome::Outcome<'_, '_>, result: &Result<_, RunError<M::Error>>| {
            if let Err(error) = result {
                let error_type = match error {
                    RunError::TimedOut => "timeout",
                    RunError::User(_) => "connect",
                };
                outcome.attributes(&mut |fields| fields.place(key!("error.type")).static_str(error_type));
                outcome.status_error(error_type);
            }
        },
    )
    .await
}

/// How a pool fares is on its metrics for as long as this lives; made by [`observe`].
#[derive(Debug)]
#[must_use = "the pool is observed for as long as this lives: keep it with the pool"]
pub struct Observed(u64);

/// Puts on metrics how `pool`, whose connections lead to `database`, fares: `db.client.connection.count` by
/// `db.client.connection.state` (idle, used), `db.client.connection.pending_requests` and `db.client.connection.timeouts`.
/// With [`get`] comes `db.client.connection.wait_time`, with the managers `db.client.connection.create_time` and, unless the pool
/// is told not to test connections and [`get`] is not used, `db.client.connection.use_time`.
/// [`max_size`](Observed::max_size) and [`min_idle`](Observed::min_idle) add what a pool does not tell of itself.
///
/// All of them are in development in the [conventions for
/// pools](https://opentelemetry.io/docs/specs/semconv/database/database-metrics/#connection-pools).
/// `db.client.connection.pool.name` is what they propose: `localhost:5432/bookstore`. Without the feature `metrics` nothing
/// happens.
///
/// ```
/// # #[cfg(feature = "redis")] {
/// use traced::redis::{Manager, bb8, observe};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let manager = Manager::new("redis://localhost/0")?;
/// let database = manager.database().clone();
/// let pool = bb8::Pool::builder().max_size(20).build_unchecked(manager);
/// let _observed = observe(&pool, &database).max_size(20);
/// # Ok(())
/// # }
/// # }
/// ```
pub fn observe<M: ManageConnection>(pool: &Pool<M>, database: &Database) -> Observed {
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let pool = pool.clone();
    let state = Box::new(move || pool.state());
    observed().push(Entry { id, name: Arc::clone(database.pool_name()), state, max_size: None, min_idle: None });
    Observed(id)
}

impl Observed {
    /// How many connections the pool may have, as its builder was told: `db.client.connection.max`.
    pub fn max_size(self, connections: u32) -> Self {
        self.change(|entry| entry.max_size = Some(connections));
        self
    }

    /// How many idle connections the pool keeps at least, as its builder was told: `db.client.connection.idle.min`.
    pub fn min_idle(self, connections: u32) -> Self {
        self.change(|entry| entry.min_idle = Some(connections));
        self
    }

    fn change(&self, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = observed().iter_mut().find(|entry| entry.id == self.0) {
            change(entry);
        }
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        let mut entries = observed();
        let place = entries.iter().position(|entry| entry.id == self.0);
        let entry = place.map(|place| entries.swap_remove(place));
        // The pool may end with it, which is not done under the lock.
        drop(entries);
        drop(entry);
    }
}

#[cfg_attr(not(feature = "metrics"), allow(dead_code))]
struct Entry {
    id: u64,
    name: Arc<str>,
    state: Box<dyn Fn() -> bb8::State + Send + Sync>,
    max_size: Option<u32>,
    min_idle: Option<u32>,
}

static NEXT: AtomicU64 = AtomicU64::new(0);
static OBSERVED: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

fn observed() -> MutexGuard<'static, Vec<Entry>> {
    OBSERVED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes the instruments that ask every observed pool.
#[cfg(feature = "metrics")]
pub(crate) fn instruments(meter: &Meter) {
    let name = |entry: &Entry| KeyValue::new("db.client.connection.pool.name", Arc::clone(&entry.name));
    let _ = meter
        .i64_observable_up_down_counter("db.client.connection.count")
        .with_unit("{connection}")
        .with_description("The number of connections that are currently in state described by the state attribute.")
        .with_callback(move |observer| {
            for entry in observed().iter() {
                let state = (entry.state)();
                let idle = state.idle_connections.min(state.connections);
                for (what, count) in [("idle", idle), ("used", state.connections - idle)] {
                    let attributes = [name(entry), KeyValue::new("db.client.connection.state", what)];
                    observer.observe(i64::from(count), &attributes);
                }
            }
        })
        .build();
    let _ = meter
        .i64_observable_up_down_counter("db.client.connection.pending_requests")
        .with_unit("{request}")
        .with_description("The number of current pending requests for an open connection.")
        .with_callback(move |observer| {
            for entry in observed().iter() {
                let counts = (entry.state)().statistics;
                let pending = counts.get_started.saturating_sub(counts.completed_gets());
                observer.observe(pending.cast_signed(), &[name(entry)]);
            }
        })
        .build();
    let _ = meter
        .u64_observable_counter("db.client.connection.timeouts")
        .with_unit("{timeout}")
        .with_description("The number of connection timeouts that have occurred trying to obtain a connection.")
        .with_callback(move |observer| {
            for entry in observed().iter() {
                observer.observe((entry.state)().statistics.get_timed_out, &[name(entry)]);
            }
        })
        .build();
    type Limit = fn(&Entry) -> Option<u32>;
    let limits: [(&str, &str, Limit); 2] = [
        ("db.client.connection.max", "The maximum number of open connections allowed.", |entry| entry.max_size),
        ("db.client.connection.idle.min", "The minimum number of idle open connections allowed.", |entry| {
            entry.min_idle
        }),
    ];
    for (metric, description, limit) in limits {
        let _ = meter
            .i64_observable_up_down_counter(metric)
            .with_unit("{connection}")
            .with_description(description)
            .with_callback(move |observer| {
                for entry in observed().iter() {
                    limit(entry).into_iter().for_each(|limit| observer.observe(i64::from(limit), &[name(entry)]));
                }
            })
            .build();
    }
}

/// An error of the pool's manager is of its own kind, and as sensitive as it is.
impl<E: ErrorType> ErrorType for RunError<E> {
    /// `timeout`, or what the manager's error says.
    fn error_type(&self) -> &str {
        match self {
            Self::TimedOut => "timeout",
            Self::User(error) => error.error_type(),
        }
    }

    fn is_expected(&self) -> bool {
        matches!(self, Self::User(error) if error.is_expected())
    }

    fn is_sensitive(&self) -> bool {
        matches!(self, Self::User(error) if error.is_sensitive())
    }
}

type Report = Arc<dyn Fn(&str) + Send + Sync>;

/// Keeps what a pool would throw away: why a connection could not be made.
///
/// bb8 tries until its timeout and then says just that. Give it a sink, and ask that:
///
/// ```
/// # #[cfg(feature = "postgres")] {
/// # use traced::postgres::{ErrorSink, Manager, NoTls, bb8};
/// # fn example(manager: Manager<NoTls>) {
/// let causes = ErrorSink::new();
/// let pool = bb8::Pool::builder().error_sink(Box::new(causes.clone())).build_unchecked(manager);
/// // .. when `pool.get()` has timed out:
/// let cause = causes.last().unwrap_or_default(); // "error connecting to server: Connection refused (os error 111)"
/// # }}
/// ```
///
/// What it keeps has neither the address's password nor values in it.
#[derive(Clone, Default)]
pub struct ErrorSink {
    last: Arc<Mutex<Option<String>>>,
    report: Option<Report>,
}

impl ErrorSink {
    /// A sink that remembers the last cause.
    pub fn new() -> Self {
        Self::default()
    }

    /// A sink that also calls `report` with each cause.
    pub fn reporting(report: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { last: Arc::default(), report: Some(Arc::new(report)) }
    }

    /// The last cause.
    pub fn last(&self) -> Option<String> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<E: Cause> bb8::ErrorSink<E> for ErrorSink {
    fn sink(&self, error: E) {
        let cause = error.cause();
        if let Some(report) = &self.report {
            report(&cause);
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(cause);
    }

    fn boxed_clone(&self) -> Box<dyn bb8::ErrorSink<E>> {
        Box::new(self.clone())
    }
}

impl fmt::Debug for ErrorSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorSink").field("last", &self.last()).finish_non_exhaustive()
    }
}

/// An error that can tell its cause without secrets.
pub trait Cause: sealed::Sealed {
    #[doc(hidden)]
    fn cause(&self) -> String;
}

mod sealed {
    pub trait Sealed {}
    #[cfg(feature = "postgres")]
    impl Sealed for crate::postgres::Error {}
    #[cfg(feature = "redis")]
    impl Sealed for bb8_redis::redis::RedisError {}
}

#[cfg(feature = "postgres")]
impl Cause for crate::postgres::Error {
    fn cause(&self) -> String {
        self.to_string()
    }
}

#[cfg(feature = "redis")]
impl Cause for bb8_redis::redis::RedisError {
    fn cause(&self) -> String {
        crate::redis::describe(self)
    }
}
