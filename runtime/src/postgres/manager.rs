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
}

impl<T> Manager<T> {
    /// Connections to the database that `config` names; `tls` is [`NoTls`](super::NoTls) or a TLS connector.
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
        Self { config, tls, database, statements: STATEMENTS }
    }

    /// How many statements each connection keeps prepared; 256 unless told otherwise. 0 suits a proxy that gives every
    /// statement another connection, such as PgBouncer before 1.21.
    #[must_use]
    pub fn statement_cache(mut self, statements: usize) -> Self {
        self.statements = statements;
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
        metrics::connection_created(start.elapsed(), self.database.pool_name());
        // Its error is also that of the statement that is under way, or shows in `has_broken`.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(Client::with_statements(client, self.database.clone(), self.statements))
    }

    async fn is_valid(&self, client: &mut Client) -> Result<(), Error> {
        client.check_connection().await
    }

    fn has_broken(&self, client: &mut Client) -> bool {
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
}

impl<T> fmt::Debug for Manager<T> {
    /// Without the configuration, which holds the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager").field("database", &self.database).finish_non_exhaustive()
    }
}
