//! The bookstore, running as its users run it.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Exit, Process, wait_until};

/// The path of the `bookstore` program, built if need be: that which `BOOKSTORE_BIN` names, else the workspace's own.
///
/// # Panics
///
/// If it does not build; the message is the compiler's.
pub fn bookstore_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| env::var_os("BOOKSTORE_BIN").map_or_else(build, PathBuf::from))
}

fn build() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(workspace).args(["build", "--package=bookstore", "--bin=bookstore", "--message-format=json"]);
    let output = command.output().expect("cargo runs");
    let messages = String::from_utf8_lossy(&output.stdout);
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).collect::<Vec<_>>();
    let executable = messages.iter().rev().find_map(|message| message["executable"].as_str().map(PathBuf::from));
    let failed = || panic!("cargo build -p bookstore:\n{}", String::from_utf8_lossy(&output.stderr));
    if output.status.success() { executable.unwrap_or_else(failed) } else { failed() }
}

/// A client for requests that are to be answered within ten seconds.
///
/// # Panics
///
/// If the machine has no randomness to give.
pub fn client() -> Client {
    Client::builder().timeout(Duration::from_secs(10)).no_proxy().build().expect("a client")
}

/// What its tokens are signed with, unless a test says otherwise.
pub const SECRET_KEY: &str = "a-secret-key-for-tests-of-at-least-32-bytes";

/// A book as a client sends it.
pub fn book(title: &str, isbn: &str) -> Value {
    serde_json::json!({"title": title, "author": "John Doe", "isbn": isbn, "year": 2025})
}

/// How a bookstore is to be started.
#[derive(Debug, Clone, Default)]
pub struct Start {
    environment: Vec<(String, String)>,
}

impl Start {
    /// With no configuration but a free port to listen on.
    pub fn unconfigured() -> Self {
        Self::default().env("BIND", "127.0.0.1:0")
    }

    /// On a database and a cache of these URLs, or the embedded ones, with [`SECRET_KEY`].
    #[must_use]
    pub fn on(self, database: Option<&str>, redis: Option<&str>) -> Self {
        let given = [("DATABASE_URL", database), ("REDIS_URL", redis)];
        let given = given.into_iter().filter_map(|(name, url)| Some((name, url?)));
        given.fold(self.env("SECRET_KEY", SECRET_KEY), |start, (name, url)| start.env(name, url))
    }

    /// Sends traces, and nothing else, to the collector at `endpoint`.
    #[must_use]
    pub fn traces_to(self, endpoint: impl Into<String>) -> Self {
        let start = self.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
        start.env("OTEL_METRICS_EXPORTER", "none").env("OTEL_LOGS_EXPORTER", "none")
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Starts the program, whatever becomes of it.
    ///
    /// # Panics
    ///
    /// If there is no program to start.
    pub fn launch(self) -> Bookstore {
        let directory = tempfile::Builder::new().prefix("traced-bookstore-").tempdir().expect("a directory");
        let process = Process::start(&directory, bookstore_binary(), [""; 0], "TERM", None, |command| {
            // Nothing of the developer's own environment configures it.
            command.env_clear();
            for name in ["PATH", "HOME", "TMPDIR"] {
                command.envs(env::var_os(name).map(|value| (name, value)));
            }
            command.envs(self.environment);
        });
        Bookstore {
            process: process.expect("the bookstore starts"),
            address: String::new(),
            http: client(),
            _directory: directory,
        }
    }

    /// Starts the program and waits until it listens.
    ///
    /// # Panics
    ///
    /// If it does not listen within 20 seconds; the message is what it printed.
    #[track_caller]
    pub fn ready(self) -> Bookstore {
        let mut bookstore = self.launch();
        let address = wait_until(Duration::from_secs(20), || {
            bookstore.listening().map(Ok).or_else(|| bookstore.process.exit_code().map(Err))
        });
        match address {
            Some(Ok(address)) => bookstore.address = address,
            other => panic!("the bookstore does not listen ({other:?}); it printed:\n{}", bookstore.output()),
        }
        bookstore
    }
}

/// A bookstore that runs until it is dropped.
pub struct Bookstore {
    process: Process,
    address: String,
    http: Client,
    _directory: TempDir,
}

/// What the bookstore answered.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body, or [`Value::Null`] if it is not JSON.
    pub json: Value,
    /// The body as it came.
    pub body: String,
    /// How long the answer took.
    pub took: Duration,
}

impl Bookstore {
    /// The address that it says it listens on.
    pub fn listening(&self) -> Option<String> {
        let output = self.output();
        let (_, rest) = output.split_once("http://127.0.0.1:")?;
        // The line may not be whole yet.
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        Some(format!("http://127.0.0.1:{}", &rest[..end]))
    }

    /// A URL of it.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// Everything that it printed.
    pub fn output(&self) -> String {
        self.process.output()
    }

    /// The process, to be signalled or waited for.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Asks it to end, as an orchestrator does, and gives how it did.
    ///
    /// # Panics
    ///
    /// If it still runs after 15 seconds.
    #[track_caller]
    pub fn stop(&mut self) -> Exit {
        self.process.stop("TERM", Duration::from_secs(15)).expect("the bookstore ends when it is asked to")
    }

    /// Sends what `prepare` makes of a request.
    ///
    /// # Panics
    ///
    /// If there is no answer.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, prepare: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Reply {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let start = Instant::now();
        let request = prepare(self.http.request(method.clone(), self.url(path)));
        let answer = request.send().and_then(|response| Ok((response.status().as_u16(), response.text()?)));
        let (status, body) = answer.unwrap_or_else(|error| panic!("{method} {path}: {error:?}\n{}", self.output()));
        Reply { status, json: serde_json::from_str(&body).unwrap_or_default(), body, took: start.elapsed() }
    }

    /// GETs `path`.
    ///
    /// # Panics
    ///
    /// If there is no answer.
    #[track_caller]
    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, |request| request)
    }

    /// Sends `body` as JSON, with a token if that is not empty.
    ///
    /// # Panics
    ///
    /// If there is no answer.
    #[track_caller]
    pub fn json(&self, method: &str, path: &str, token: &str, body: &Value) -> Reply {
        self.send(method, path, |request| {
            let request = request.header("content-type", "application/json").body(body.to_string());
            if token.is_empty() { request } else { request.header("authorization", format!("Bearer {token}")) }
        })
    }

    /// Registers a user and logs in; gives the token.
    ///
    /// # Panics
    ///
    /// If either is refused.
    #[track_caller]
    pub fn user(&self, name: &str, email: &str, password: &str) -> String {
        let user = serde_json::json!({"username": name, "email": email, "password": password});
        let registered = self.json("POST", "/auth/register", "", &user);
        assert_eq!(registered.status, 201, "{}", registered.body);
        self.login(name, password)
    }

    /// Logs in; gives the token.
    ///
    /// # Panics
    ///
    /// If it is refused.
    #[track_caller]
    pub fn login(&self, name: &str, password: &str) -> String {
        let reply = self.send("POST", "/auth/login", |request| {
            let form = format!("username={name}&password={password}");
            request.header("content-type", "application/x-www-form-urlencoded").body(form)
        });
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json["access_token"].as_str().expect("a token").to_owned()
    }
}

impl fmt::Debug for Bookstore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bookstore").field("address", &self.address).finish_non_exhaustive()
    }
}
