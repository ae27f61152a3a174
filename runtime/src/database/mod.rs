//! Client spans for statements that are sent to a database, the same for every database.
//!
//! [`postgres`](crate::postgres) and [`redis`](crate::redis) stand on it; use it for a database that has no feature of
//! its own:
//!
//! ```
//! use traced::database::Database;
//!
//! # let (_, spans) = traced::testing::capture(|| {
//! let books = Database::new("sqlite").namespace("books.db");
//! let count: Result<i64, std::fmt::Error> = books.statement("SELECT count(*) FROM books").run(|| Ok(3));
//! # count
//! # });
//! # assert_eq!(spans[0].name, "SELECT books");
//! # assert_eq!(spans[0].attribute("db.system.name"), Some(&"sqlite".into()));
//! ```
//!
//! Names and attributes are those of the stable [conventions for database client
//! spans](https://opentelemetry.io/docs/specs/semconv/database/database-spans/) (1.33 and later);
//! `db.response.returned_rows` is still in development there.

#[cfg(any(feature = "postgres", feature = "redis"))]
pub(crate) mod pool;
mod remembered;
mod response;
mod scan;
mod statement;
mod summary;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, OnceLock};

#[cfg(any(feature = "postgres", feature = "redis"))]
pub use pool::{ErrorSink, Observed, Pooled, get, observe};
pub use response::Response;
pub use statement::Statement;
pub use summary::{Summary, summary};

use opentelemetry::KeyValue;

use remembered::Remembered;

use crate::metrics::AttributeSet;
use crate::recorder::wire::Ready;
use crate::value::{Fields, key};

/// A database, as the spans of its statements name it. Clones are the same database.
#[derive(Clone)]
pub struct Database(Arc<Inner>);

struct Inner {
    system: Cow<'static, str>,
    namespace: Option<Arc<str>>,
    address: Option<Arc<str>>,
    port: Option<u16>,
    /// What its pool is called.
    #[cfg(any(feature = "postgres", feature = "redis"))]
    pool_name: OnceLock<Arc<str>>,
    /// The attributes that the metrics of its pool have.
    #[cfg(any(feature = "postgres", feature = "redis"))]
    pool: OnceLock<AttributeSet>,
    error_code: Option<ErrorCode>,
    /// The attributes that every span has.
    recorded: Ready,
    known: Remembered<Arc<Known>>,
    /// The attributes that the metrics of its commands have, by their names.
    #[cfg(feature = "redis")]
    commands: Remembered<AttributeSet>,
}

impl Inner {
    fn of(system: Cow<'static, str>) -> Self {
        Self {
            system,
            namespace: None,
            address: None,
            port: None,
            #[cfg(any(feature = "postgres", feature = "redis"))]
            pool_name: OnceLock::new(),
            #[cfg(any(feature = "postgres", feature = "redis"))]
            pool: OnceLock::new(),
            error_code: None,
            recorded: Ready::default(),
            known: Remembered::default(),
            #[cfg(feature = "redis")]
            commands: Remembered::default(),
        }
    }
}

/// What is known of a statement, however often it is sent.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) summary: Summary,
    /// The attributes that its spans have, as written and with its literals replaced.
    pub(crate) recorded: [Ready; 2],
    /// The attributes that its metrics have, when it is run and when it is prepared.
    pub(crate) measured: [OnceLock<AttributeSet>; 2],
}

type ErrorCode = fn(&(dyn Error + 'static)) -> Option<Cow<'static, str>>;

impl Database {
    /// A database of a kind: one of the well-known values of
    /// [`db.system.name`](https://opentelemetry.io/docs/specs/semconv/registry/attributes/db/#db-system-name), such as
    /// `sqlite` or `postgresql`.
    pub fn new(system: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner::of(system.into())))
    }

    fn with(self, change: impl FnOnce(&mut Inner)) -> Self {
        let old = &self.0;
        let mut inner = Inner {
            namespace: old.namespace.clone(),
            address: old.address.clone(),
            port: old.port,
            error_code: old.error_code,
            // What follows from these is made anew.
            ..Inner::of(old.system.clone())
        };
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// Its name: `db.namespace`.
    #[must_use]
    pub fn namespace(self, namespace: impl Into<String>) -> Self {
        self.with(|inner| inner.namespace = Some(namespace.into().into()))
    }

    /// The host name, address or socket path of its server: `server.address`.
    #[must_use]
    pub fn address(self, address: impl Into<String>) -> Self {
        self.with(|inner| inner.address = Some(address.into().into()))
    }

    /// The port of its server: `server.port`.
    #[must_use]
    pub fn port(self, port: u16) -> Self {
        self.with(|inner| inner.port = Some(port))
    }

    /// How to find the database's own code in an error: it becomes `db.response.status_code` and `error.type`.
    ///
    /// `code` is asked for the error and then for each of its causes. Without a code `error.type` is the name of the
    /// error's Rust type. An error's message is never recorded, since databases quote values in it.
    ///
    /// ```
    /// # use traced::database::Database;
    /// let books = Database::new("sqlite")
    ///     .error_code(|error| error.downcast_ref::<std::num::ParseIntError>().map(|_| "SQLITE_MISMATCH".into()));
    /// # let (_, spans) = traced::testing::capture(|| books.statement("SELECT 1").run(|| "x".parse::<i32>()));
    /// # assert_eq!(spans[0].attribute("error.type"), Some(&"SQLITE_MISMATCH".into()));
    /// ```
    #[must_use]
    pub fn error_code(self, code: fn(&(dyn Error + 'static)) -> Option<Cow<'static, str>>) -> Self {
        self.with(|inner| inner.error_code = Some(code))
    }

    /// A statement in SQL that is about to be sent.
    pub fn statement<'a>(&'a self, sql: &'a str) -> Statement<'a> {
        Statement::new(self, sql)
    }

    /// What is known of `sql`, remembered.
    pub(crate) fn known(&self, sql: &str) -> Arc<Known> {
        self.0.known.get(sql, || {
            let summary = summary::summary_in(scan::Dialect::of(&self.0.system), sql);
            Arc::new(Known { summary, recorded: Default::default(), measured: Default::default() })
        })
    }

    /// The database's own code in `error` or in what caused it.
    fn code_of(&self, error: &(dyn Error + 'static)) -> Option<Cow<'static, str>> {
        let code = self.0.error_code?;
        let mut next = Some(error);
        // A cycle must not keep a program busy for ever.
        for _ in 0..16 {
            let error = next?;
            if let Some(code) = code(error) {
                return Some(code);
            }
            next = error.source();
        }
        None
    }

    /// The name that the conventions propose for a pool that has none: `server.address:server.port/db.namespace`.
    #[cfg(any(feature = "postgres", feature = "redis"))]
    pub(crate) fn pool_name(&self) -> &Arc<str> {
        let Inner { system, namespace, address, port, pool_name, .. } = &*self.0;
        pool_name.get_or_init(|| {
            let mut name = address.as_deref().unwrap_or(system).to_owned();
            if let Some(port) = port {
                name.push_str(&format!(":{port}"));
            }
            if let Some(namespace) = namespace {
                name.push_str(&format!("/{namespace}"));
            }
            name.into()
        })
    }

    /// The attributes that the metrics of its pool have.
    #[cfg(any(feature = "postgres", feature = "redis"))]
    pub(crate) fn pool(&self) -> &AttributeSet {
        let name = || KeyValue::new("db.client.connection.pool.name", Arc::clone(self.pool_name()));
        self.0.pool.get_or_init(|| AttributeSet::new(vec![name()]))
    }

    /// The attributes that the metrics of the command `name` have, remembered.
    #[cfg(feature = "redis")]
    pub(crate) fn command(&self, name: &str) -> AttributeSet {
        self.0.commands.get(name, || {
            let mut attributes = self.measured();
            attributes.push(KeyValue::new("db.operation.name", name.to_owned()));
            AttributeSet::new(attributes)
        })
    }

    /// The attributes that every metric of this database carries.
    pub(crate) fn measured(&self) -> Vec<KeyValue> {
        let Inner { system, namespace, address, port, .. } = &*self.0;
        let mut attributes = Vec::with_capacity(9);
        attributes.push(KeyValue::new("db.system.name", system.clone()));
        attributes.extend(namespace.as_ref().map(|name| KeyValue::new("db.namespace", Arc::clone(name))));
        attributes.extend(address.as_ref().map(|address| KeyValue::new("server.address", Arc::clone(address))));
        attributes.extend(port.map(|port| KeyValue::new("server.port", i64::from(port))));
        attributes
    }

    /// The attributes that every span of this database carries.
    pub(crate) fn record(&self, fields: &mut Fields<'_>) {
        let Inner { system, namespace, address, port, recorded, .. } = &*self.0;
        fields.same(recorded, |fields| {
            match system {
                Cow::Borrowed(system) => fields.place(key!("db.system.name")).static_str(system),
                Cow::Owned(system) => fields.place(key!("db.system.name")).str(system),
            }
            fields.put(key!("db.namespace"), &namespace.as_deref());
            fields.put(key!("server.address"), &address.as_deref());
            fields.put(key!("server.port"), port);
        });
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("system", &self.0.system)
            .field("namespace", &self.0.namespace)
            .field("address", &self.0.address)
            .field("port", &self.0.port)
            .finish_non_exhaustive()
    }
}
