//! Which PostgreSQL, and how to reach it: what a `postgres://` URL says.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use tokio_postgres::Config;

use super::tls::Trust;

/// A PostgreSQL server and a database on it, as a `postgres://` URL names them.
///
/// Besides what the driver reads it knows `sslmode` and `sslrootcert` as libpq has them.
#[derive(Debug, Clone)]
pub struct Server {
    pub(super) config: Config,
    pub(super) trust: Trust,
}

impl Server {
    /// The driver's configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }
}

/// What is wrong with a URL. It shows nothing of it but a parameter's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidServer(&'static str);

impl fmt::Display for InvalidServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidServer {}

impl FromStr for Server {
    type Err = InvalidServer;

    fn from_str(url: &str) -> Result<Self, InvalidServer> {
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut root) = (None, None);
        let mut rest: Vec<&str> = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let pair = form_urlencoded::parse(parameter.as_bytes()).next();
            match pair.as_ref().map(|(key, value)| (&**key, &**value)) {
                Some(("sslmode", value)) => mode = Some(value.to_owned()),
                Some(("sslrootcert", value)) => root = Some(PathBuf::from(value)),
                _ => rest.push(parameter),
            }
        }
        // What the driver knows of a mode; whom to believe is its TLS library's.
        let (known, trust) = match (mode.as_deref(), root) {
            (Some("disable"), _) => ("disable", Trust::Anybody),
            (None | Some("allow" | "prefer"), _) => ("prefer", Trust::Anybody),
            (Some("require"), None) => ("require", Trust::Anybody),
            // So libpq has it: with a root it is verify-ca.
            (Some("require" | "verify-ca"), Some(root)) => ("require", Trust::SignedBy(root)),
            (Some("verify-ca"), None) => {
                return Err(InvalidServer("has sslmode=verify-ca without sslrootcert=FILE, which names the root"));
            }
            (Some("verify-full"), Some(root)) => ("require", Trust::NamedBy(root)),
            (Some("verify-full"), None) => ("require", Trust::System),
            (Some(_), _) => {
                return Err(InvalidServer(
                    "has an sslmode that is none of disable, prefer, require, verify-ca and verify-full",
                ));
            }
        };
        let mode = format!("sslmode={known}");
        rest.push(&mode);
        let config: Config = format!("{address}?{}", rest.join("&"))
            .parse()
            .map_err(|_| InvalidServer("is no valid postgres:// URL"))?;
        if config.get_hosts().is_empty() {
            return Err(InvalidServer("names no host"));
        }
        Ok(Self { config, trust })
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::SslMode;

    use super::{Server, Trust};

    #[test]
    fn modes_are_those_of_libpq() {
        let root = || "/etc/ca b.pem".into();
        let cases = [
            ("", SslMode::Prefer, Trust::Anybody),
            ("?sslmode=disable", SslMode::Disable, Trust::Anybody),
            ("?sslmode=prefer", SslMode::Prefer, Trust::Anybody),
            ("?sslmode=require", SslMode::Require, Trust::Anybody),
            ("?sslmode=require&sslrootcert=/etc/ca%20b.pem", SslMode::Require, Trust::SignedBy(root())),
            ("?sslrootcert=/etc/ca%20b.pem&sslmode=verify-ca", SslMode::Require, Trust::SignedBy(root())),
            ("?sslmode=verify-full&sslrootcert=/etc/ca%20b.pem", SslMode::Require, Trust::NamedBy(root())),
            ("?connect_timeout=3&sslmode=verify-full", SslMode::Require, Trust::System),
        ];
        for (query, mode, trust) in cases {
            let server: Server = format!("postgres://ada:pw@db.internal:5433/books{query}").parse().unwrap();
            assert_eq!((server.config.get_ssl_mode(), server.trust), (mode, trust), "{query}");
            assert_eq!(server.config.get_dbname(), Some("books"));
            let timeout = query.contains("connect_timeout").then(|| std::time::Duration::from_secs(3));
            assert_eq!(server.config.get_connect_timeout().copied(), timeout);
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_the_url() {
        let cases = [
            ("?sslmode=canary", "none of disable, prefer"),
            ("?sslmode=verify-ca", "without sslrootcert"),
            ("?canary=1", "no valid"),
        ];
        for (query, told) in cases {
            let wrong = format!("postgres://canary@h/d{query}").parse::<Server>().unwrap_err().to_string();
            assert!(wrong.contains(told) && !wrong.contains("canary"), "{wrong}");
        }
    }
}
