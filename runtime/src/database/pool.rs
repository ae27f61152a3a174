//! What pools of connections have in common.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bb8::{ManageConnection, Pool, PooledConnection, RunError};

use crate::outcome::ErrorType;
use crate::span::{self, InSpan, Site, Start};

static WAIT: Site =
    Site::new("wait for connection", "traced::database", file!(), line!()).with_scope("traced::database");

/// How long a connection may take until waiting for it is worth a span.
const NOTABLE: Duration = Duration::from_millis(10);

/// A manager whose pool [`get`] takes connections from.
pub trait Pooled {
    /// The kind of database: `db.system.name`.
    const SYSTEM: &'static str;
}

/// Takes a connection from `pool`; having to wait for it shows as a span, `wait for connection`.
///
/// There is none when the connection is there within 10 ms, and the span starts after these.
///
/// # Errors
///
/// When there is none in time, or none can be made: `pool` knows no cause for that, its [`ErrorSink`] does.
pub async fn get<M: ManageConnection + Pooled>(pool: &Pool<M>) -> Result<PooledConnection<'_, M>, RunError<M::Error>> {
    if !WAIT.is_on() {
        return pool.get().await;
    }
    let mut getting = std::pin::pin!(pool.get());
    if let Ok(done) = tokio::time::timeout(NOTABLE, getting.as_mut()).await {
        return done;
    }
    let span = span::open(Start::new(&WAIT, &mut |fields| {
        fields.slot("db.system.name").static_str(M::SYSTEM);
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
                outcome.attributes(&mut |fields| fields.slot("error.type").static_str(error_type));
                outcome.status_error(error_type);
            }
        },
    )
    .await
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
