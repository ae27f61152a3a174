//! The pool of connections, and how long anybody waits for it.

use std::time::Duration;

use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, Row};
use tokio_postgres_rustls::MakeRustlsConnect;
use traced::ErrorType as _;
use traced::postgres::{Error, ErrorSink, Manager, Observed, bb8, get, observe};

use super::super::migrations::{POSTGRES, VERSIONS};
use super::super::{OpenError, StoreError, Unique};
use super::Server;

/// How long connecting and waiting for a connection may take. With [`STATEMENT`] a request is answered within five seconds.
const CONNECTING: Duration = Duration::from_secs(2);
/// How long a statement may take before the server ends it.
const STATEMENT: Duration = Duration::from_secs(2);
/// How much longer its answer is waited for: a statement that was given up on must not take effect later, after the
/// cache was told.
const ANSWER: Duration = Duration::from_millis(500);
/// How long making the tables may take, with other instances doing the same.
const MIGRATING: Duration = Duration::from_secs(30);
const CONNECTIONS: u32 = 16;
/// The key of the lock under which tables are made: any number that nobody else uses.
const LOCK: i64 = 0x626f_6f6b_7374_6f72;

/// The parameters of a statement.
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

#[derive(Debug)]
pub(super) struct Connections {
    pool: bb8::Pool<Manager<MakeRustlsConnect>>,
    causes: ErrorSink,
    _observed: Observed,
}

impl Connections {
    pub(super) async fn open(server: &Server) -> Result<Self, OpenError> {
        let tls = server.trust.connector()?;
        let mut server = server.config.clone();
        if server.get_connect_timeout().is_none() {
            server.connect_timeout(CONNECTING);
        }
        if server.get_application_name().is_none() {
            server.application_name("bookstore");
        }
        migrate(&server, &tls).await?;

        let given = server.get_options().unwrap_or_default().to_owned();
        server.options(format!("-c statement_timeout={} {given}", STATEMENT.as_millis()).trim_end());
        let causes = ErrorSink::new();
        let manager = Manager::new(server, tls);
        let database = manager.database().clone();
        let pool = bb8::Pool::builder()
            .max_size(CONNECTIONS)
            .connection_timeout(CONNECTING)
            .error_sink(Box::new(causes.clone()))
            .build_unchecked(manager);
        Ok(Self { _observed: observe(&pool, &database).max_size(CONNECTIONS), pool, causes })
    }

    pub(super) async fn rows(&self, sql: &str, values: Values<'_>) -> Result<Vec<Row>, StoreError> {
        let client = self.client().await?;
        in_time(ANSWER + STATEMENT, client.query(sql, values)).await
    }

    pub(super) async fn execute(&self, sql: &str, values: Values<'_>) -> Result<u64, StoreError> {
        let client = self.client().await?;
        in_time(ANSWER + STATEMENT, client.execute(sql, values)).await
    }

    /// A connection that has just shown a sign of life: the first request after a restart is not to find a dead one.
    async fn client(&self) -> Result<bb8::PooledConnection<'_, Manager<MakeRustlsConnect>>, StoreError> {
        get(&self.pool).await.map_err(|error| match error {
            bb8::RunError::User(error) => StoreError::Unavailable(error.to_string()),
            bb8::RunError::TimedOut => {
                StoreError::Unavailable(self.causes.last().unwrap_or_else(|| "every connection is busy".into()))
            }
        })
    }
}

async fn in_time<T>(patience: Duration, answer: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
    match tokio::time::timeout(patience, answer).await {
        Ok(result) => result.map_err(|error| store_error(&error)),
        Err(_) => Err(StoreError::Unavailable("no answer in time".into())),
    }
}

/// Takes the steps that are missing; one instance at a time. At start, before there is anything to trace.
async fn migrate(server: &Config, tls: &MakeRustlsConnect) -> Result<(), OpenError> {
    let steps = async {
        let (mut client, connection) = server.connect(tls.clone()).await?;
        let connection = tokio::spawn(connection);
        let transaction = client.transaction().await?;
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
        transaction.batch_execute(VERSIONS).await?;
        let row = transaction.query_one("SELECT coalesce(max(version), 0) FROM schema_migrations", &[]).await?;
        let done: i32 = row.try_get(0)?;
        for migration in POSTGRES.iter().filter(|migration| migration.version > done) {
            transaction.batch_execute(migration.sql).await?;
            let values: Values<'_> = &[&migration.version, &migration.name];
            transaction.execute("INSERT INTO schema_migrations (version, name) VALUES ($1, $2)", values).await?;
        }
        transaction.commit().await?;
        drop(client);
        let _ = connection.await;
        Ok(())
    };
    match tokio::time::timeout(MIGRATING, steps).await {
        Ok(result) => result.map_err(|error: tokio_postgres::Error| open_error(&Error::from(error))),
        Err(_) => Err(OpenError::new("the server does not answer in time", ELSEWHERE)),
    }
}

const ELSEWHERE: &str = "Start PostgreSQL there, or set it to where PostgreSQL runs";

/// What is wrong with the URL or the server, as far as its answer says. The server's own text is not shown.
fn open_error(error: &Error) -> OpenError {
    let (problem, remedy) = match error.error_type() {
        "28P01" => (
            "the server refuses this user with this password",
            "Write the right USER:PASSWORD into it, special characters percent-encoded",
        ),
        "28000" => (
            "the server knows no such user, or does not let it in from here",
            "Name another USER, create this one (CREATE ROLE .. LOGIN), or let it in (pg_hba.conf)",
        ),
        "3D000" => ("the server has no such database", "Create it (CREATE DATABASE ..), or name another"),
        "42501" => (
            "the user may not make or read the tables",
            "Let it (GRANT CREATE ON SCHEMA public TO ..), or name the USER who owns them",
        ),
        "25006" => ("the server is read-only", "Set it to the primary server"),
        "42P07" => ("the database holds tables of another program", "Name a database of the bookstore's own"),
        "53300" => ("the server has no connection to spare", "Raise its max_connections, or end others"),
        "57P03" => ("the server is starting or stopping", "Start the bookstore again in a moment"),
        _ if error.to_string().contains("password missing") => {
            ("the server asks for a password", "Write it into it: postgres://USER:PASSWORD@HOST:5432/DATABASE")
        }
        _ if error.to_string().contains("server does not support TLS") => {
            ("the server does not speak TLS", "Let it (ssl = on), or write sslmode=prefer or disable")
        }
        _ if error.to_string().contains("invalid peer certificate") => {
            return OpenError::new(
                error.to_string(),
                "Name the file that its certificate's root is in, sslrootcert=FILE, and the host by a name that the \
                 certificate has",
            );
        }
        _ => return OpenError::new(error.to_string(), ELSEWHERE),
    };
    OpenError::new(problem, remedy)
}

fn store_error(error: &Error) -> StoreError {
    let Some(code) = error.code() else {
        let lost = matches!(error.error_type(), "connection_closed" | "connection_refused" | "timeout" | "io");
        return if lost { StoreError::Unavailable(error.to_string()) } else { StoreError::Failed(error.to_string()) };
    };
    let constraint = error.as_db_error().and_then(|error| error.constraint());
    match code.code() {
        "23505" => match constraint.and_then(Unique::of_constraint) {
            Some(unique) => StoreError::Taken(unique),
            None => StoreError::Failed(error.to_string()),
        },
        // Read-only: a replica that is about to take over. Classes: connection, transaction lost to another, resources,
        // operator's intervention (shutdown, cancelled by the timeout), system.
        "25006" => StoreError::Unavailable(error.to_string()),
        code if ["08", "28", "40", "53", "57", "58"].contains(&&code[..2]) => {
            StoreError::Unavailable(error.to_string())
        }
        _ => StoreError::Failed(error.to_string()),
    }
}
