//! What the program is told: flags, the environment, `.env`.

pub mod dotenv;
mod error;
pub mod otel;
mod settings;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::CommandFactory as _;
use secrecy::{ExposeSecret, SecretString};

pub use error::ConfigError;
pub use settings::Settings;

use crate::store::{InvalidServer, Server};

/// Where the embedded store is, unless `DATABASE_URL` says otherwise.
pub const DEFAULT_DATABASE: &str = "bookstore.db";

/// What a [`Settings`] means, checked.
#[derive(Debug)]
pub struct Config {
    /// Where users and books are kept.
    pub database: Database,
    /// Redis, if the cache is not to be in this process.
    pub redis: Option<Redis>,
    /// What tokens are signed with.
    pub secret_key: SecretString,
    /// Whether that is a random one, which ends with the program.
    pub secret_key_is_random: bool,
    /// How long a token is valid.
    pub token_lifetime: Duration,
    /// `HOST:PORT` to listen at.
    pub bind: String,
}

/// A database to keep users and books in.
#[derive(Debug)]
pub enum Database {
    /// An SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL server.
    Postgres(Box<Server>),
}

/// A Redis server.
#[derive(Debug)]
pub struct Redis {
    /// Its URL, password included.
    pub url: SecretString,
}

impl Config {
    /// Checks `settings`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], which names the variable and the remedy. It shows no URL and no secret.
    pub fn new(settings: Settings) -> Result<Self, ConfigError> {
        let given = settings.database_url.filter(|url| !url.is_empty());
        let secret = settings.secret_key.filter(|secret| !secret.is_empty());
        if let Some(secret) = &secret {
            check_secret(secret, given.is_some())?;
        }
        let (secret_key, secret_key_is_random) = match (secret, &given) {
            (Some(secret), _) => (secret, false),
            (None, Some(_)) => {
                return Err(ConfigError::new(
                    "SECRET_KEY",
                    "is required when DATABASE_URL is set",
                    "Set it to at least 32 random bytes, e.g. SECRET_KEY=$(openssl rand -hex 32)",
                ));
            }
            (None, None) => {
                let random = || uuid::Uuid::new_v4().simple().to_string();
                (random() + &random(), true)
            }
        };
        Ok(Self {
            database: database(given.as_deref())?,
            redis: settings.redis_url.filter(|url| !url.is_empty()).map(redis).transpose()?,
            secret_key: secret_key.into(),
            secret_key_is_random,
            token_lifetime: token_lifetime(settings.access_token_expire_minutes.as_deref())?,
            bind: bind(settings.bind)?,
        })
    }
}

/// What HS256 asks of its key: as many bytes as its hash has, 32 ([RFC 7518, 3.2](https://www.rfc-editor.org/rfc/rfc7518#section-3.2)).
const SHORTEST_SECRET: usize = 32;

/// What stands in .env.example until somebody replaces it.
const PLACEHOLDER: &str = "change-me";

fn check_secret(secret: &str, lasting: bool) -> Result<(), ConfigError> {
    let wrong = |problem: &str| {
        let remedy = "Set it to at least 32 random bytes, e.g. SECRET_KEY=$(openssl rand -hex 32)";
        Err(ConfigError::new("SECRET_KEY", problem, remedy))
    };
    if secret.starts_with(PLACEHOLDER) {
        return wrong("is the placeholder of .env.example, which everybody can read");
    }
    if secret.trim() != secret {
        return wrong("begins or ends with a blank, which the next start may not");
    }
    if lasting && secret.len() < SHORTEST_SECRET {
        return wrong("is shorter than 32 bytes, and tokens signed with it could be forged");
    }
    Ok(())
}

/// Refuses what is no text in a variable that the program reads: it would be as if unset.
///
/// # Errors
///
/// [`ConfigError`], which names the variable.
pub fn check_texts(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Result<(), ConfigError> {
    let command = Settings::command();
    let read = |name: &str| {
        name.starts_with("OTEL_")
            || name == "TRACED"
            || command.get_arguments().any(|argument| argument.get_env().is_some_and(|env| env == name))
    };
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| read(name)) else { continue };
        if value.to_str().is_none() {
            return Err(ConfigError::new(name.to_owned(), "is no UTF-8 text", "Write it in UTF-8"));
        }
    }
    Ok(())
}

fn database(url: Option<&str>) -> Result<Database, ConfigError> {
    let expected = "Set it to postgres://USER:PASSWORD@HOST:5432/DATABASE (special characters percent-encoded) \
                    or sqlite://PATH, or leave it out for ./bookstore.db";
    let wrong = |problem: &str| ConfigError::new("DATABASE_URL", problem, expected);
    let Some(url) = url else { return Ok(Database::Sqlite(DEFAULT_DATABASE.into())) };
    if let Some(path) = url.strip_prefix("sqlite://") {
        // As SQLAlchemy, the original's, also writes them: `sqlite:///./books.db` and `sqlite:////var/lib/books.db`.
        let path = match path.strip_prefix("/") {
            Some(rest) if rest.starts_with("./") || rest.starts_with('/') => rest,
            _ => path,
        };
        return match path {
            "" | "/" => Err(wrong("names no file")),
            _ if path.contains('?') => {
                Err(wrong("has parameters (from its ? on), of which an sqlite:// URL takes none"))
            }
            ":memory:" | "/:memory:" => {
                Err(wrong("can't be in memory: several connections would see several databases"))
            }
            _ => Ok(Database::Sqlite(path.into())),
        };
    }
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(wrong("is neither a postgres:// nor an sqlite:// URL"));
    }
    let server = url.parse().map_err(|error: InvalidServer| wrong(&error.to_string()))?;
    Ok(Database::Postgres(Box::new(server)))
}

fn redis(url: String) -> Result<Redis, ConfigError> {
    use traced::redis::redis::IntoConnectionInfo as _;

    match url.as_str().into_connection_info() {
        Ok(info) if info.redis_settings().db() < 0 => Err(ConfigError::new(
            "REDIS_URL",
            "names a database below 0",
            "Set it to redis://HOST:6379/0 or another number that the server has",
        )),
        Ok(_) => Ok(Redis { url: url.into() }),
        Err(_) => Err(ConfigError::new(
            "REDIS_URL",
            "is no valid redis:// URL",
            "Set it to redis://[USER:PASSWORD@]HOST:6379/0, or leave it out for an in-process cache",
        )),
    }
}

fn token_lifetime(minutes: Option<&str>) -> Result<Duration, ConfigError> {
    let Some(minutes) = minutes.filter(|minutes| !minutes.is_empty()) else { return Ok(Duration::from_secs(30 * 60)) };
    match minutes.parse::<u32>() {
        Ok(minutes @ 1..=525_600) => Ok(Duration::from_secs(u64::from(minutes) * 60)),
        _ => Err(ConfigError::new(
            "ACCESS_TOKEN_EXPIRE_MINUTES",
            format!("is {minutes:?}, no number of minutes"),
            "Set it to a whole number from 1 to 525600, or leave it out for 30",
        )),
    }
}

fn bind(address: Option<String>) -> Result<String, ConfigError> {
    let address = address.filter(|address| !address.is_empty()).unwrap_or_else(|| "127.0.0.1:8000".into());
    let valid = address.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if valid {
        return Ok(address);
    }
    let problem = format!("is {address:?}, no address");
    Err(ConfigError::new(
        "BIND",
        problem,
        "Set it to HOST:PORT, e.g. BIND=0.0.0.0:8000, or leave it out for 127.0.0.1:8000",
    ))
}

impl Database {
    /// Where it is, without user and password.
    pub fn describe(&self) -> String {
        match self {
            Self::Sqlite(path) => {
                let shown = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                format!("SQLite, {}", shown.display())
            }
            Self::Postgres(server) => {
                let config = server.config();
                let host = match config.get_hosts().first() {
                    Some(tokio_postgres::config::Host::Tcp(host)) => host.clone(),
                    #[cfg(unix)]
                    Some(tokio_postgres::config::Host::Unix(path)) => path.display().to_string(),
                    None => String::new(),
                };
                let port = config.get_ports().first().copied().unwrap_or(5432);
                let name = config.get_dbname().or(config.get_user()).unwrap_or_default();
                format!("PostgreSQL, {host}:{port}/{name}")
            }
        }
    }
}

impl Redis {
    /// Where it is, without user and password.
    pub fn describe(&self) -> String {
        use traced::redis::redis::IntoConnectionInfo as _;

        match self.url.expose_secret().into_connection_info() {
            Ok(info) => format!("Redis, {}", info.addr()),
            Err(_) => "Redis".into(),
        }
    }
}

#[cfg(test)]
mod tests;
