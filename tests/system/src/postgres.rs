//! A PostgreSQL of one's own.

use std::collections::hash_map::RandomState;
use std::env;
use std::fmt;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;
use tokio_postgres::NoTls;

use crate::left_out::{left_out, program};
use crate::ports;
use crate::process::{Process, User, wait_until};

/// A word that must never be found in telemetry.
const PASSWORD: &str = "canary-postgres-password";

/// For a test, durability is worth nothing and start-up time much.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=16MB",
    "max_connections=60",
    "dynamic_shared_memory_type=mmap",
];

/// A PostgreSQL server: one started for the test, or that which `DATABASE_URL` names.
pub struct Postgres {
    /// The URL of a database that exists on it.
    url: String,
    server: Option<Server>,
}

struct Server {
    process: Option<Process>,
    directory: TempDir,
    port: u16,
    settings: Vec<&'static str>,
}

impl Postgres {
    /// Starts a server, or takes that in `DATABASE_URL`. `None`, and a line that says so, if there is neither.
    ///
    /// # Panics
    ///
    /// If the server does not answer, or if there is none and services are [`required`](crate::required).
    #[track_caller]
    pub fn start() -> Option<Self> {
        match env::var("DATABASE_URL") {
            Ok(url) if url.starts_with("postgres") => Some(Self { url, server: None }),
            _ => Self::start_own(),
        }
    }

    /// The server that the tests of one binary share. It ends with the test process.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start) does.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// Starts a server even if `DATABASE_URL` names one: for tests that stop it.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start) does.
    #[track_caller]
    pub fn start_own() -> Option<Self> {
        Self::start_prepared(|_| Ok(()))
    }

    /// Starts a server whose databases but the first want TLS. Its certificate is one for `localhost`, and the
    /// [root](Self::root_certificate) that has signed it is nobody else's.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start) does.
    #[track_caller]
    pub fn start_own_with_tls() -> Option<Self> {
        if program("openssl", []).is_none() {
            return left_out("PostgreSQL with TLS", "no openssl on PATH");
        }
        Self::start_prepared(Server::with_tls)
    }

    #[track_caller]
    fn start_prepared(change: impl FnOnce(&mut Server) -> io::Result<()>) -> Option<Self> {
        if binary("initdb").is_none() || binary("postgres").is_none() {
            return left_out("PostgreSQL", "no initdb and postgres on PATH or in /usr/lib/postgresql/*/bin");
        }
        let mut server = Server::prepare().unwrap_or_else(|error| panic!("initdb: {error}"));
        change(&mut server).unwrap_or_else(|error| panic!("certificates: {error}"));
        for _ in 0..5 {
            server.port = ports::free();
            server.launch().expect("postgres starts");
            let url = format!("postgres://bookstore:{PASSWORD}@127.0.0.1:{}/postgres", server.port);
            if server.await_answer(&url) {
                return Some(Self { url, server: Some(server) });
            }
        }
        panic!("postgres does not answer; it said: {}", server.output());
    }

    /// The root of the certificate of a server [with TLS](Self::start_own_with_tls).
    ///
    /// # Panics
    ///
    /// If it is another.
    #[track_caller]
    pub fn root_certificate(&self) -> PathBuf {
        self.server.as_ref().expect("a PostgreSQL of the test's own").directory.path().join("root.crt")
    }

    /// The URL of a database that exists on the server. Tests write to a [`database`](Self::database) of their own.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Creates an empty database; it is dropped with what this gives.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    #[track_caller]
    pub fn database(&self) -> Database {
        let name = format!("traced_test_{:016x}", RandomState::new().build_hasher().finish());
        execute(&self.url, &format!("CREATE DATABASE {name}")).expect("CREATE DATABASE");
        Database { url: with_database(&self.url, &name), name, server: self.url.clone() }
    }

    /// Stops the server: its connections break, and new ones are refused.
    ///
    /// # Panics
    ///
    /// If it is not the test's own, or does not stop.
    #[track_caller]
    pub fn stop(&mut self) {
        self.process().stop("INT", Duration::from_secs(20)).expect("postgres stops");
    }

    /// Starts the server again after [`stop`](Self::stop), on the same port, with what it held.
    ///
    /// # Panics
    ///
    /// If it is not the test's own, or does not answer.
    #[track_caller]
    pub fn restart(&mut self) {
        let server = self.server.as_mut().expect("a PostgreSQL of the test's own");
        server.launch().expect("postgres starts");
        assert!(server.await_answer(&self.url), "postgres does not answer again: {}", server.output());
    }

    /// The server accepts connections, but no longer answers new ones, until it is [resumed](Self::resume).
    ///
    /// # Panics
    ///
    /// If it is not the test's own.
    #[track_caller]
    pub fn pause(&mut self) {
        self.process().signal("STOP");
    }

    /// Ends a [`pause`](Self::pause).
    ///
    /// # Panics
    ///
    /// If it is not the test's own.
    #[track_caller]
    pub fn resume(&mut self) {
        self.process().signal("CONT");
    }

    #[track_caller]
    fn process(&mut self) -> &mut Process {
        let process = self.server.as_mut().and_then(|server| server.process.as_mut());
        process.expect("a PostgreSQL of the test's own that runs")
    }
}

impl Server {
    fn prepare() -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("traced-postgres-").tempdir()?;
        let password = directory.path().join("password");
        fs::write(&password, PASSWORD)?;
        let user = User::unprivileged();
        if let Some(User { uid, gid }) = user {
            chown(directory.path(), Some(uid), Some(gid))?;
            chown(&password, Some(uid), Some(gid))?;
        }
        let initdb = binary("initdb").ok_or(io::ErrorKind::NotFound)?;
        let arguments = ["--pgdata=data", "--username=bookstore", "--auth=scram-sha-256", "--pwfile=password"]
            .into_iter()
            .chain(["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]);
        let mut initdb = Process::start(&directory, &initdb, arguments, "TERM", user, without_client_settings)?;
        if initdb.wait(Duration::from_secs(60)).is_none_or(|exit| exit.code != 0) {
            let (said, place) = (initdb.output(), directory.path().display());
            return Err(io::Error::other(format!(
                "{said} (in {place}; a server started by root runs as another user, who must be able to reach that directory: set TMPDIR)"
            )));
        }
        Ok(Self { process: None, directory, port: 0, settings: SETTINGS.to_vec() })
    }

    /// A root, a certificate that it has signed, and the rule that clients use it.
    fn with_tls(&mut self) -> io::Result<()> {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        let make_root: &[&str] =
            &["req", "-x509", "-days", "2", "-subj", "/CN=root", "-keyout", "root.key", "-out", "root.crt"];
        let ask: &[&str] = &["req", "-subj", "/CN=server", "-addext", "subjectAltName=DNS:localhost"];
        let ask = [ask, &["-keyout", "server.key", "-out", "server.csr"]].concat();
        let sign = ["x509", "-req", "-in", "server.csr", "-CA", "root.crt", "-CAkey", "root.key", "-CAcreateserial"];
        let sign = [&sign[..], &["-days", "2", "-copy_extensions", "copy", "-out", "server.crt"]].concat();
        for arguments in [[make_root, &key].concat(), [&ask[..], &key].concat(), sign] {
            let made = Command::new("openssl").args(&arguments).current_dir(self.directory.path()).output()?;
            if !made.status.success() {
                return Err(io::Error::other(String::from_utf8_lossy(&made.stderr).into_owned()));
            }
        }
        let rules = "host postgres all 127.0.0.1/32 scram-sha-256\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
        fs::write(self.directory.path().join("data/pg_hba.conf"), rules)?;
        let key = self.directory.path().join("server.key");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
        if let Some(User { uid, gid }) = User::unprivileged() {
            chown(&key, Some(uid), Some(gid))?;
        }
        self.settings.extend(["ssl=on", "ssl_cert_file=../server.crt", "ssl_key_file=../server.key"]);
        Ok(())
    }

    fn launch(&mut self) -> io::Result<()> {
        let binary = binary("postgres").ok_or(io::ErrorKind::NotFound)?;
        let mut arguments = vec!["-D".to_owned(), "data".to_owned(), "-p".to_owned(), self.port.to_string()];
        for setting in &self.settings {
            arguments.extend(["-c".to_owned(), (*setting).to_owned()]);
        }
        let user = User::unprivileged();
        self.process =
            Some(Process::start(&self.directory, &binary, arguments, "QUIT", user, without_client_settings)?);
        Ok(())
    }

    fn await_answer(&mut self, url: &str) -> bool {
        let Some(process) = &mut self.process else { return false };
        let answers = wait_until(Duration::from_secs(20), || {
            if execute(url, "SELECT 1").is_ok() { Some(true) } else { process.exit_code().map(|_| false) }
        });
        answers == Some(true)
    }

    fn output(&self) -> String {
        self.process.as_ref().map(Process::output).unwrap_or_default()
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("own", &self.server.is_some()).finish_non_exhaustive()
    }
}

/// A database that is dropped with this.
pub struct Database {
    url: String,
    name: String,
    server: String,
}

impl Database {
    /// Its URL, for `DATABASE_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs one statement in it.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    #[track_caller]
    pub fn execute(&self, sql: &str) -> u64 {
        execute(&self.url, sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The first column of each row that a query gives, as text.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    #[track_caller]
    pub fn query(&self, sql: &str) -> Vec<String> {
        use tokio_postgres::SimpleQueryMessage::Row;
        let messages = with_client(&self.url, async |client| client.simple_query(sql).await);
        let messages = messages.unwrap_or_else(|error| panic!("{sql}: {error}"));
        messages.iter().filter_map(|m| if let Row(row) = m { row.get(0).map(str::to_owned) } else { None }).collect()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // The server may have been stopped by the test.
        let _ = execute(&self.server, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("name", &self.name).finish_non_exhaustive()
    }
}

fn execute(url: &str, sql: &str) -> Result<u64, tokio_postgres::Error> {
    with_client(url, async |client| client.execute(sql, &[]).await)
}

fn with_client<T>(
    url: &str,
    work: impl AsyncFnOnce(&tokio_postgres::Client) -> Result<T, tokio_postgres::Error>,
) -> Result<T, tokio_postgres::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut config: tokio_postgres::Config = url.parse()?;
        config.connect_timeout(Duration::from_secs(5));
        let (client, connection) = config.connect(NoTls).await?;
        let connection = tokio::spawn(connection);
        let result = work(&client).await;
        drop(client);
        let _ = connection.await;
        result
    })
}

fn with_database(url: &str, name: &str) -> String {
    let (address, parameters) = url.split_once('?').map_or((url, None), |(address, rest)| (address, Some(rest)));
    let server = address.split('/').take(3).collect::<Vec<_>>().join("/");
    parameters.map_or_else(|| format!("{server}/{name}"), |rest| format!("{server}/{name}?{rest}"))
}

/// What the caller's shell sets for clients must not reach a server.
fn without_client_settings(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("PG")) {
            command.env_remove(name);
        }
    }
    command.env("LC_ALL", "C");
}

fn binary(name: &str) -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = fs::read_dir(Path::new("/usr/lib/postgresql"))
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    // The newest first.
    let number = |path: &PathBuf| path.iter().rev().nth(1).and_then(|n| n.to_str()?.parse::<u32>().ok());
    versions.sort_by_key(|path| std::cmp::Reverse(number(path)));
    program(name, versions)
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn the_database_of_a_url_is_replaced() {
        assert_eq!(with_database("postgres://u:p@h:1/a?sslmode=disable", "b"), "postgres://u:p@h:1/b?sslmode=disable");
        assert_eq!(with_database("postgres://h", "b"), "postgres://h/b");
    }
}
