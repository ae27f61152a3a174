//! Connections for a pool.

use std::fmt;
use std::time::Instant;

use tokio_postgres::config::Host;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Config, Socket};

use super::client::STATEMENTS;
use super::{Client, Error};
use crate::database::Database;
use crate::database::pool::Pooled;
use crate::metrics;

/// Makes the connections of a [`bb8`] pool.
#[derive(Clone)]
pub struct Manager<T> {
    config: Config,
    tls: T,
    database: Database,
    statements: usize,
    comments: bool,
}

impl<T> Manager<T> {
    /// Connections to the database that `config` names; `tls` is [`NoTls`](super::NoTls) or a TLS connector, such as
    /// `MakeRustlsConnect` of the crate `tokio-postgres-rustls`.
    ///
    /// Its spans name the server when `config` names one, and leave it out when `config` names several.
    pub fn new(config: Config, tls: T) -> Self {
        let mut database = Database::new("postgresql");
        // Without a name PostgreSQL takes the user's.
        if let Some(name) = config.get_dbname().or(config.get_user()) {
            database = database.namespace(name);
        }
        if let [host] = config.get_hosts() {
            database = match host {
                Host::Tcp(host) => database.address(host).port(config.get_ports().first().copied().unwrap_or(5432)),
                #[cfg(unix)]
                Host::Unix(path) => database.address(path.to_string_lossy()),
            };
        }
        Self { config, tls, database, statements: STATEMENTS, comments: false }
    }

    /// How many statements each connection keeps prepared; 256 unless told otherwise. 0 suits a proxy that gives every
    /// statement another connection, such as PgBouncer before 1.21.
    #[must_use]
    pub fn statement_cache(mut self, statements: usize) -> Self {
        self.statements = statements;
        self
    }

    /// Statements tell the server their span, by a comment at their end: `/*traceparent='00-...-01'*/`.
    ///
    /// So a slow statement in the server's log or in `pg_stat_activity` leads to its trace, and tools that read
    /// [sqlcommenter](https://opentelemetry.io/docs/specs/semconv/database/database-spans/#sql-commenter)'s format find it. The comment
    /// is not on the span. Off unless asked for, since it has its price: the comment differs each time, so that a statement whose span is
    /// sampled is not taken from the [cache](Manager::statement_cache) but prepared for this once, which takes a second round
    /// trip. Statements that are not sampled, and those that were [`prepare`](Client::prepare)d, are sent as they are.
    ///
    /// ```no_run
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use traced::postgres::{Manager, NoTls};
    ///
    /// let manager = Manager::new("postgres://api@localhost/bookstore".parse()?, NoTls).sqlcommenter();
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn sqlcommenter(mut self) -> Self {
        self.comments = true;
        self
    }

    /// The database, as its spans name it.
    pub fn database(&self) -> &Database {
        &self.database
    }
}

impl<T> bb8::ManageConnection for Manager<T>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    type Connection = Client;
    type Error = Error;

    async fn connect(&self) -> Result<Client, Error> {
        let start = Instant::now();
        let (client, connection) = self.config.connect(self.tls.clone()).await?;
        metrics::connection_created(start.elapsed(), self.database.pool());
        // Its error is also that of the statement that is under way, or shows in `has_broken`.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        let client = Client::with_statements(client, self.database.clone(), self.statements);
        Ok(if self.comments { client.sqlcommenter() } else { client })
    }

    /// Asked when it is taken from the pool.
    async fn is_valid(&self, client: &mut Client) -> Result<(), Error> {
        client.check_connection().await?;
        client.borrowed.begin();
        Ok(())
    }

    /// Asked when it is given back.
    fn has_broken(&self, client: &mut Client) -> bool {
        client.borrowed.end(&self.database);
        client.is_closed()
    }
}

impl<T> Pooled for Manager<T>
where
    Self: bb8::ManageConnection<Connection = Client>,
{
    const SYSTEM: &'static str = "postgresql";

    fn database(connection: &Client) -> Option<&Database> {
        Some(connection.database())
    }

    fn borrowed(connection: &mut Client) {
        connection.borrowed.begin();
    }
}

impl<T> fmt::Debug for Manager<T> {
    /// Without the configuration, which holds the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager").field("database", &self.database).finish_non_exhaustive()
    }
}
