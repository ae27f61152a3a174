//! The service's parts, put together.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use traced::metrics::Prometheus;

use crate::auth::password::{Cost, Passwords};
use crate::auth::token::Tokens;
use crate::cache::{Cache, MemoryCache, RedisCache, Shelf};
use crate::config::{Config, ConfigError, Database};
use crate::store::{OpenError, PostgresStore, SqliteStore, Store};

/// How long requests that have begun may take once the service is to stop.
const DRAIN: Duration = Duration::from_secs(2);
/// What of that is left to cache entries that are still to be dropped, at least.
const LAST_DROPS: Duration = Duration::from_millis(250);

/// What the handlers work with.
#[derive(Debug)]
pub struct App {
    store: Arc<dyn Store>,
    shelf: Shelf,
    passwords: Passwords,
    tokens: Tokens,
    /// None while nobody measures.
    prometheus: OnceLock<Prometheus>,
}

impl App {
    /// A service of these parts.
    pub fn new(store: Arc<dyn Store>, cache: Arc<dyn Cache>, passwords: Passwords, tokens: Tokens) -> Arc<Self> {
        Arc::new(Self { store, shelf: Shelf::new(cache), passwords, tokens, prometheus: OnceLock::new() })
    }

    /// The parts that `config` names, connected.
    ///
    /// A cache that does not answer is none: the service starts without and uses it once it does.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the database can't be reached or its tables can't be made, or the cache refuses its password or
    /// database.
    pub async fn connect(config: &Config, cost: Cost) -> Result<Arc<Self>, ConfigError> {
        let wrong = |error: OpenError| {
            ConfigError::new(
                "DATABASE_URL",
                format!("({}): {}", config.database.describe(), error.problem),
                error.remedy,
            )
        };
        let store: Arc<dyn Store> = match &config.database {
            Database::Sqlite(path) => Arc::new(SqliteStore::open(path).await.map_err(wrong)?),
            Database::Postgres(server) => Arc::new(PostgresStore::connect(server).await.map_err(wrong)?),
        };
        let cache: Arc<dyn Cache> = match &config.redis {
            None => Arc::new(MemoryCache::new()),
            Some(redis) => {
                RedisCache::check(&redis.url, &redis.describe()).await?;
                Arc::new(RedisCache::new(&redis.url).await?)
            }
        };
        let passwords = Passwords::new(cost)
            .map_err(|error| ConfigError::new("SECRET_KEY", error.to_string(), "Try again later"))?;
        let tokens = Tokens::new(&config.secret_key, config.token_lifetime);
        Ok(Self::new(store, cache, passwords, tokens))
    }

    /// Where users and books are kept.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Where answers are kept.
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Hashes passwords.
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// Serves these metrics at `/metrics` from now on, unless it has some already.
    pub fn serve_metrics(&self, prometheus: Prometheus) {
        let _ = self.prometheus.set(prometheus);
    }

    /// The metrics, as Prometheus reads them; empty while nobody measures.
    pub fn metrics(&self) -> String {
        self.prometheus.get().map(Prometheus::text).unwrap_or_default()
    }

    /// Signs tokens.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }
}

/// Serves `app` to whoever connects to `listener` until `stop` completes; then finishes the requests that have begun,
/// for two seconds at most, which the cache entries that could not be dropped are part of.
pub async fn serve(app: Arc<App>, listener: TcpListener, stop: impl Future<Output = ()> + Send + 'static) {
    let end = Arc::new(OnceLock::new());
    let (stopping, stopped) = tokio::sync::oneshot::channel::<()>();
    let begin = Arc::clone(&end);
    let stop = async move {
        stop.await;
        let _ = begin.set(Instant::now() + DRAIN);
        let _ = stopping.send(());
    };
    let serving = warp::serve(crate::api::routes(&app)).incoming(listener).graceful(stop).run();
    // warp waits for its connections as long as they like.
    let deadline = async {
        let _ = stopped.await;
        tokio::time::sleep(DRAIN - LAST_DROPS).await;
    };
    tokio::select! {
        () = serving => {}
        () = deadline => {}
    }
    let left = end.get().map_or(LAST_DROPS, |end| end.saturating_duration_since(Instant::now()));
    let entries = app.shelf.settle(left).await;
    if entries > 0 {
        crate::log::line(format!(
            "bookstore: warning: the cache does not answer, and {entries} of its entries are out of date; they live for an \
             hour at most (see ./docs/operations.md)"
        ));
    }
}
