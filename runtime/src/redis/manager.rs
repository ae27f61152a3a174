//! Connections for a pool.

use std::fmt;
use std::time::Instant;

use bb8_redis::redis::{AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, IntoConnectionInfo, RedisError, cmd};

use super::{Connection, bb8};
use crate::database::Database;
use crate::database::pool::Pooled;
use crate::metrics;

/// Makes the connections of a [`bb8`] pool.
#[derive(Clone)]
pub struct Manager {
    client: Client,
    config: AsyncConnectionConfig,
    database: Database,
    keys: bool,
}

impl Manager {
    /// Connections to the Redis that `info` names, such as `redis://localhost/0`.
    ///
    /// # Errors
    ///
    /// When `info` names none.
    pub fn new(info: impl IntoConnectionInfo) -> Result<Self, RedisError> {
        Ok(Self::from_client(Client::open(info.into_connection_info()?)?))
    }

    /// Connections that `client` makes.
    pub fn from_client(client: Client) -> Self {
        let info = client.get_connection_info();
        let database = Database::new("redis").namespace(info.redis_settings().db().to_string());
        let database = match info.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                database.address(host.clone()).port(*port)
            }
            ConnectionAddr::Unix(path) => database.address(path.to_string_lossy()),
            _ => database,
        };
        Self { client, config: AsyncConnectionConfig::new(), database, keys: false }
    }

    /// How to connect, and how long to wait for answers (500 ms unless told otherwise).
    #[must_use]
    pub fn config(mut self, config: AsyncConnectionConfig) -> Self {
        self.config = config;
        self
    }

    /// Keys are recorded, too: for programs whose keys hold no personal data. Values never are.
    #[must_use]
    pub fn record_keys(mut self) -> Self {
        self.keys = true;
        self
    }

    /// The database, as its spans name it.
    pub fn database(&self) -> &Database {
        &self.database
    }
}

impl bb8::ManageConnection for Manager {
    type Connection = Connection;
    type Error = RedisError;

    async fn connect(&self) -> Result<Connection, RedisError> {
        let start = Instant::now();
        let inner = self.client.get_multiplexed_async_connection_with_config(&self.config).await?;
        metrics::connection_created(start.elapsed(), self.database.pool());
        Ok(Connection::new(inner, self.database.clone(), self.keys))
    }

    /// Asks for a sign of life, without a span, when it is taken from the pool.
    async fn is_valid(&self, connection: &mut Connection) -> Result<(), RedisError> {
        let answer: String = cmd("PING").query_async(connection.inner_mut()).await?;
        match answer.as_str() {
            "PONG" => {
                connection.borrowed.begin();
                Ok(())
            }
            _ => Err((ErrorKind::UnexpectedReturnType, "PING was not answered with PONG").into()),
        }
    }

    /// Asked when it is given back.
    fn has_broken(&self, connection: &mut Connection) -> bool {
        connection.borrowed.end(&self.database);
        connection.is_broken()
    }
}

impl Pooled for Manager {
    const SYSTEM: &'static str = "redis";

    fn database(connection: &Connection) -> Option<&Database> {
        Some(connection.database())
    }

    fn borrowed(connection: &mut Connection) {
        connection.borrowed.begin();
    }
}

impl fmt::Debug for Manager {
    /// Without the client, which holds the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager").field("database", &self.database).field("keys", &self.keys).finish_non_exhaustive()
    }
}
