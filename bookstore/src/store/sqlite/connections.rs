//! The open connections to the file: one that writes, a few that read beside it (WAL).

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{CachedStatement, Connection, ErrorCode, TransactionBehavior};
use tokio::sync::Semaphore;
use traced::ErrorType as _;
use traced::database::{Database, Response};

use super::super::migrations::{SQLITE, VERSIONS};
use super::super::{OpenError, StoreError, Unique};

/// How long a statement waits for a connection, and then for another process's lock: a request that needs two
/// statements is answered within five seconds.
const PATIENCE: Duration = Duration::from_secs(2);
const READERS: usize = 4;

/// What a statement does with the file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Access {
    Read,
    Write,
}

/// Idle connections, and as many permits.
struct Pool {
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

impl Pool {
    fn new(connections: Vec<Connection>) -> Arc<Self> {
        Arc::new(Self { permits: Semaphore::new(connections.len()), idle: Mutex::new(connections) })
    }

    fn take(&self) -> Option<Connection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

pub(super) struct Connections {
    path: PathBuf,
    database: Database,
    readers: Arc<Pool>,
    writer: Arc<Pool>,
}

impl Connections {
    pub(super) async fn open(path: &Path) -> Result<Self, OpenError> {
        let owned = path.to_owned();
        let opened = tokio::task::spawn_blocking(move || {
            refuse_foreign(&owned)?;
            let opened = || {
                let mut writer = connect(&owned)?;
                migrate(&mut writer)?;
                let readers = (0..READERS).map(|_| connect(&owned)).collect::<rusqlite::Result<Vec<_>>>()?;
                Ok((writer, readers))
            };
            opened().map_err(|error| open_error(&error))
        });
        let (writer, readers) = opened.await.map_err(|_| OpenError::new("it was not opened", OTHER_FILE))??;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let database = Database::new("sqlite").namespace(name);
        Ok(Self { path: path.to_owned(), database, readers: Pool::new(readers), writer: Pool::new(vec![writer]) })
    }

    /// Runs one statement off the asynchronous threads.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        access: Access,
        sql: &'static str,
        body: impl FnOnce(&mut CachedStatement<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let pool = match access {
            Access::Read => Arc::clone(&self.readers),
            Access::Write => Arc::clone(&self.writer),
        };
        let path = self.path.clone();
        let task = async move {
            let permit = tokio::time::timeout(PATIENCE, pool.permits.acquire()).await;
            let Ok(Ok(_permit)) = permit else {
                return Err(StoreError::Unavailable("every connection is busy".into()));
            };
            let blocking = Arc::clone(&pool);
            let statement = move || {
                // A panic below loses its connection: the next statement opens another.
                let connection = match blocking.take() {
                    Some(connection) => connection,
                    None => connect(&path)?,
                };
                let result = connection.prepare_cached(sql).and_then(|mut statement| body(&mut statement));
                blocking.put(connection);
                result
            };
            tokio::task::spawn_blocking(statement).await.map_err(|_| stopped())?.map_err(store_error)
        };
        // Spawned, so that a client that goes away does not release the permit before its statement is done.
        let result = async { tokio::spawn(task).await.map_err(|_| stopped())? };
        let note = |result: &Result<T, StoreError>, response: &mut Response| {
            if let Err(error) = result {
                response.failed(error.error_type().to_owned());
            }
        };
        self.database.statement(sql).noting_future(result, note).await
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("path", &self.path).finish_non_exhaustive()
    }
}

const OTHER_FILE: &str = "Set it to sqlite://PATH of the bookstore's own file, or of none yet";

/// Leaves another program's file as it is: looks before anything is written.
fn refuse_foreign(path: &Path) -> Result<(), OpenError> {
    if !path.exists() {
        return Ok(());
    }
    let look = || {
        let connection = Connection::open(path)?;
        connection.busy_timeout(PATIENCE)?;
        connection.query_row(
            "SELECT count(*), coalesce(sum(name = 'schema_migrations'), 0) FROM sqlite_schema WHERE type = 'table'",
            [],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
        )
    };
    match look().map_err(|error| open_error(&error))? {
        (1.., 0) => Err(OpenError::new("the file is another program's database", OTHER_FILE)),
        _ => Ok(()),
    }
}

/// What is wrong with the file. SQLite's own text may quote SQL: it is not shown.
fn open_error(error: &rusqlite::Error) -> OpenError {
    const WRITABLE: &str =
        "Set it to sqlite://PATH of a file that can be written, in a directory that exists and can be";
    let (problem, remedy) = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            ("the file is no SQLite database, or a damaged one", OTHER_FILE)
        }
        Some(ErrorCode::CannotOpen) => ("the file can't be opened or created", WRITABLE),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => ("the file can't be written", WRITABLE),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            ("another program keeps the file locked", "End that program, or set it to another file")
        }
        Some(ErrorCode::DiskFull) => ("the disk is full", "Make room, or set it to a file on another disk"),
        Some(ErrorCode::SystemIoFailure) => ("the disk can't be read or written", WRITABLE),
        _ => ("the file holds tables that are not the bookstore's", OTHER_FILE),
    };
    OpenError::new(problem, remedy)
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    // Two that start at once may both switch a new file to WAL: SQLite does not wait there, so wait here.
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        match connection.pragma_update(None, "journal_mode", "wal") {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                if std::time::Instant::now() > deadline {
                    return Err(error);
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            result => break result?,
        }
    }
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// Takes the steps that are missing; one process at a time, since the transaction begins with the write lock.
fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(VERSIONS)?;
    let done: i32 =
        transaction.query_row("SELECT coalesce(max(version), 0) FROM schema_migrations", [], |row| row.get(0))?;
    for migration in SQLITE.iter().filter(|migration| migration.version > done) {
        transaction.execute_batch(migration.sql)?;
        transaction.execute(
            "INSERT INTO schema_migrations (version, name) VALUES (?1, ?2)",
            (migration.version, migration.name),
        )?;
    }
    transaction.commit()
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the statement was stopped".into())
}

fn store_error(error: rusqlite::Error) -> StoreError {
    use ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, NotADatabase, OutOfMemory,
        PermissionDenied, ReadOnly, SystemIoFailure,
    };
    let rusqlite::Error::SqliteFailure(failure, message) = &error else {
        return StoreError::Failed("a row does not have the expected columns".into());
    };
    match failure.code {
        ErrorCode::ConstraintViolation => {
            // "UNIQUE constraint failed: users.email"
            let column = message.as_deref().and_then(|message| message.strip_prefix("UNIQUE constraint failed: "));
            match column {
                Some("users.username") => StoreError::Taken(Unique::Username),
                Some("users.email") => StoreError::Taken(Unique::Email),
                Some("books.isbn_digits") => StoreError::Taken(Unique::Isbn),
                _ => StoreError::Failed(failure.to_string()),
            }
        }
        DatabaseBusy | DatabaseLocked | DiskFull | CannotOpen | SystemIoFailure | ReadOnly | PermissionDenied
        | NotADatabase | DatabaseCorrupt | OutOfMemory => StoreError::Unavailable(failure.to_string()),
        _ => StoreError::Failed(failure.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn files_that_are_not_the_bookstores_are_refused_and_left_as_they_are() {
        let directory = tempfile::tempdir().unwrap();
        let open = async |name: &str| match Connections::open(&directory.path().join(name)).await {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{name} was opened"),
        };
        let garbage = [&b"canary"[..], &[0; 4096]].concat();
        std::fs::write(directory.path().join("garbage"), &garbage).unwrap();
        assert!(open("garbage").await.contains("is no SQLite database"));
        assert_eq!(std::fs::read(directory.path().join("garbage")).unwrap(), garbage);

        let foreign = Connection::open(directory.path().join("foreign")).unwrap();
        foreign.execute_batch("CREATE TABLE users (canary TEXT)").unwrap();
        drop(foreign);
        let before = std::fs::read(directory.path().join("foreign")).unwrap();
        let error = open("foreign").await;
        assert!(error.contains("another program's") && !error.contains("CREATE"), "{error}");
        assert_eq!(std::fs::read(directory.path().join("foreign")).unwrap(), before);

        let foreign = Connection::open(directory.path().join("half")).unwrap();
        foreign.execute_batch("CREATE TABLE schema_migrations (a TEXT); CREATE TABLE users (a TEXT)").unwrap();
        let error = open("half").await;
        assert!(error.contains("not the bookstore's") && !error.contains("CREATE"), "{error}");

        assert!(open("missing/books.db").await.contains("can't be opened or created"));
        assert!(open(".").await.contains("can't be opened or created"));
        Connections::open(&directory.path().join("books.db")).await.unwrap();
        Connections::open(&directory.path().join("books.db")).await.unwrap();
    }

    #[test]
    fn several_that_start_at_once_take_each_step_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("books.db");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| migrate(&mut connect(&path).unwrap()).unwrap());
            }
        });
        let connection = connect(&path).unwrap();
        let steps: i64 = connection.query_row("SELECT count(*) FROM schema_migrations", [], |row| row.get(0)).unwrap();
        assert_eq!(steps, SQLITE.len() as i64);
    }
}
