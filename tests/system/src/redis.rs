//! A Redis of one's own.

use std::env;
use std::fmt;
use std::fs;
use std::io;
use std::time::Duration;

use bb8_redis::redis::{Client, Commands, Connection, RedisResult, cmd};
use tempfile::TempDir;

use crate::left_out::{left_out, program};
use crate::ports;
use crate::process::{Process, wait_until};

/// A word that must never be found in telemetry.
const PASSWORD: &str = "canary-redis-password";

/// A Redis server: one started for the test, or an empty logical database of the one that `REDIS_URL` names.
pub struct Redis {
    url: String,
    server: Option<Server>,
    /// Holds the logical database of a foreign server.
    reserved: Option<(String, i64)>,
}

struct Server {
    process: Option<Process>,
    directory: TempDir,
}

impl Redis {
    /// Starts a server, or takes an empty logical database of that in `REDIS_URL`. `None`, and a line that says so, if there is neither.
    ///
    /// # Panics
    ///
    /// If the server does not answer, or if there is none and services are [`required`](crate::required).
    #[track_caller]
    pub fn start() -> Option<Self> {
        match env::var("REDIS_URL") {
            Ok(url) if !url.is_empty() => Some(Self::reserve(&url)),
            _ => Self::start_own(),
        }
    }

    /// Starts a server even if `REDIS_URL` names one: for tests that stop it.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start) does.
    #[track_caller]
    pub fn start_own() -> Option<Self> {
        if program("redis-server", []).is_none() {
            return left_out("Redis", "no redis-server on PATH");
        }
        let mut last = String::new();
        for _ in 0..5 {
            let port = ports::free();
            let mut redis = Self::on(port).expect("a directory in the temporary directory");
            if redis.await_answer() {
                return Some(redis);
            }
            last = redis.output();
        }
        panic!("redis-server does not answer; it said: {last}");
    }

    fn on(port: u16) -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("traced-redis-").tempdir()?;
        let config =
            format!("bind 127.0.0.1\nport {port}\nsave \"\"\nappendonly no\nrequirepass {PASSWORD}\ndatabases 4\n");
        fs::write(directory.path().join("redis.conf"), config)?;
        let url = format!("redis://:{PASSWORD}@127.0.0.1:{port}/0");
        let mut redis = Self { url, server: Some(Server { process: None, directory }), reserved: None };
        redis.launch()?;
        Ok(redis)
    }

    fn launch(&mut self) -> io::Result<()> {
        if let Some(server) = &mut self.server {
            let binary = program("redis-server", []).ok_or(io::ErrorKind::NotFound)?;
            server.process = Some(Process::start(&server.directory, &binary, ["redis.conf"], "TERM", None, |_| {})?);
        }
        Ok(())
    }

    fn reserve(url: &str) -> Self {
        let client = Client::open(url).unwrap_or_else(|error| panic!("REDIS_URL is not a Redis URL: {error}"));
        let mut connection = client.get_connection().unwrap_or_else(|error| panic!("REDIS_URL: {error}"));
        for database in 1..16 {
            let key = format!("traced-tests:database:{database}");
            let held: Option<String> =
                cmd("SET").arg(&key).arg(1).arg("NX").arg("EX").arg(900).query(&mut connection).unwrap_or_default();
            let selected: RedisResult<()> = cmd("SELECT").arg(database).query(&mut connection);
            let size: i64 = cmd("DBSIZE").query(&mut connection).unwrap_or(1);
            let _: RedisResult<()> = cmd("SELECT").arg(0).query(&mut connection);
            if held.is_some() && selected.is_ok() && size == 0 {
                let server = url.split('/').take(3).collect::<Vec<_>>().join("/");
                let redis =
                    Self { url: format!("{server}/{database}"), server: None, reserved: Some((url.into(), database)) };
                return redis;
            }
            if held.is_some() {
                let _: RedisResult<()> = connection.del(&key);
            }
        }
        panic!("the Redis of REDIS_URL has no empty logical database among 1 to 15: empty one, or unset REDIS_URL");
    }

    /// Its URL, for `REDIS_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A connection to it.
    ///
    /// # Panics
    ///
    /// If it does not answer.
    #[track_caller]
    pub fn connect(&self) -> Connection {
        self.try_connect().expect("Redis answers")
    }

    fn try_connect(&self) -> RedisResult<Connection> {
        let mut connection = Client::open(self.url.as_str())?.get_connection_with_timeout(Duration::from_secs(1))?;
        let _: String = cmd("PING").query(&mut connection)?;
        Ok(connection)
    }

    fn await_answer(&mut self) -> bool {
        let url = self.url.clone();
        let Some(Server { process: Some(process), .. }) = &mut self.server else { return false };
        let probe = Self { url, server: None, reserved: None };
        let answers = wait_until(Duration::from_secs(10), || {
            if probe.try_connect().is_ok() { Some(true) } else { process.exit_code().map(|_| false) }
        });
        answers == Some(true)
    }

    /// What the server said.
    fn output(&self) -> String {
        self.server.as_ref().and_then(|server| server.process.as_ref()).map(Process::output).unwrap_or_default()
    }

    /// Stops the server; whatever it held is gone.
    ///
    /// # Panics
    ///
    /// If it is not the test's own, or does not stop.
    #[track_caller]
    pub fn stop(&mut self) {
        let process = self.server.as_mut().and_then(|server| server.process.as_mut());
        let process = process.expect("a Redis of the test's own that runs");
        process.stop("TERM", Duration::from_secs(10)).expect("Redis stops");
    }

    /// Starts the server again after [`stop`](Self::stop), on the same port.
    ///
    /// # Panics
    ///
    /// If it is not the test's own, or does not answer.
    #[track_caller]
    pub fn restart(&mut self) {
        self.launch().expect("redis-server starts");
        assert!(self.await_answer(), "redis-server does not answer again: {}", self.output());
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let Some((url, database)) = self.reserved.take() else { return };
        if let Ok(mut connection) = self.try_connect() {
            let _: RedisResult<()> = cmd("FLUSHDB").query(&mut connection);
        }
        if let Ok(mut connection) = Client::open(url).and_then(|client| client.get_connection()) {
            let _: RedisResult<()> = connection.del(format!("traced-tests:database:{database}"));
        }
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("own", &self.server.is_some()).finish_non_exhaustive()
    }
}
