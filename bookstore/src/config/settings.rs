//! The flags, each of which is an environment variable too.

use std::fmt;

use clap::Parser;

/// A book store over HTTP, traced with OpenTelemetry.
///
/// Without any setting it keeps its books in ./bookstore.db and draws each request's trace in the terminal. Every OTEL_*
/// variable of OpenTelemetry is honoured, e.g. OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 sends traces to Jaeger.
/// A file .env is read; the environment wins over it.
// Texts all of them: what they must be is said by `Config`, whose errors show neither secrets nor URLs.
#[derive(Parser, Default)]
#[command(version, name = "bookstore")]
pub struct Settings {
    /// postgres://USER:PASSWORD@HOST:5432/DATABASE or sqlite://PATH [default: ./bookstore.db]
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// redis://HOST:6379/0, or redis://USER:PASSWORD@HOST:6379/0 [default: a cache in this process]
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<String>,

    /// What access tokens are signed with; required with a database URL [default: random for each run]
    #[arg(long, env = "SECRET_KEY", hide_env_values = true)]
    pub secret_key: Option<String>,

    /// How long an access token is valid [default: 30]
    #[arg(long, env = "ACCESS_TOKEN_EXPIRE_MINUTES", value_name = "MINUTES")]
    pub access_token_expire_minutes: Option<String>,

    /// Where to listen [default: 127.0.0.1:8000]
    #[arg(long, env = "BIND", value_name = "HOST:PORT")]
    pub bind: Option<String>,
}

// By hand: a derived one would print secrets.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("bind", &self.bind).finish_non_exhaustive()
    }
}
