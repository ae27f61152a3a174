//! The cache that several instances of the service share.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use traced::redis::redis::{self, AsyncConnectionConfig, FromRedisValue};
use traced::redis::{Manager, Observed, bb8, get, observe};

use super::{Cache, CacheError, LEASE_TIME_TO_LIVE, Lease, Lookup, TIME_TO_LIVE};
use crate::config::ConfigError;

/// How long one command may take, connecting included: a cache that is slower than the store is none.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long Redis is left alone after it did not answer.
const PAUSE: Duration = Duration::from_secs(1);
const CONNECTIONS: u32 = 8;

/// Sets the entry if the lease still holds, and ends it.
const FILL: &str = "if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) \
     return redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) else return false end";
/// Ends the lease if it still holds.
const RELEASE: &str =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end";

/// Where the lease of an entry is: beside it, so that an entry is a value and nothing else.
fn lease_key(key: &str) -> String {
    format!("{key}:lease")
}

/// Entries in Redis.
#[derive(Debug)]
pub struct RedisCache {
    pool: bb8::Pool<Manager>,
    _observed: Observed,
    silent_until: Mutex<Option<Instant>>,
}

impl RedisCache {
    /// A cache at `url`. It is not connected to before it is used.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the URL is none.
    pub async fn new(url: &SecretString) -> Result<Self, ConfigError> {
        let wrong = |_| ConfigError::new("REDIS_URL", "is no valid redis:// URL", "Set it to redis://HOST:6379/0");
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENCE)).set_response_timeout(Some(PATIENCE));
        // Keys are numbers of books.
        let manager = Manager::new(url.expose_secret()).map_err(wrong)?.config(config).record_keys();
        let pool = bb8::Pool::builder().max_size(CONNECTIONS).connection_timeout(PATIENCE).test_on_check_out(false);
        let database = manager.database().clone();
        let pool = pool.build_unchecked(manager);
        Ok(Self { _observed: observe(&pool, &database), pool, silent_until: Mutex::default() })
    }

    /// Whether Redis takes the password and has the database of `url`; a Redis that does not answer may do later.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], which says which of them it refuses, and shows only `place` of the URL.
    pub async fn check(url: &SecretString, place: &str) -> Result<(), ConfigError> {
        let asking = async {
            let client = redis::Client::open(url.expose_secret())?;
            // Once, at the start, by a bare client: there is nothing to trace yet.
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(Some(PATIENCE))
                .set_response_timeout(Some(PATIENCE));
            let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
            redis::cmd("PING").query_async::<()>(&mut connection).await
        };
        let Ok(Err(error)) = tokio::time::timeout(2 * PATIENCE, asking).await else { return Ok(()) };
        let (problem, remedy) = match (error.kind(), error.code()) {
            (redis::ErrorKind::AuthenticationFailed, _) | (_, Some("WRONGPASS" | "NOAUTH")) => (
                "the server refuses its user and password",
                "Set it to redis://USER:PASSWORD@HOST:6379/0, or redis://:PASSWORD@HOST:6379/0 where there are no users",
            ),
            (_, Some("NOPERM")) => {
                ("its user may not do what a cache needs", "Let it GET, SET, DEL, EVAL and PING (ACL SETUSER)")
            }
            _ if error.to_string().contains("refused to switch database") => (
                "the server has no database of that number",
                "Set it to one that it has: redis://HOST:6379/0 always exists (more: `databases` in redis.conf)",
            ),
            _ => return Ok(()),
        };
        Err(ConfigError::new("REDIS_URL", format!("({place}): {problem}"), remedy))
    }

    async fn command<T: FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, CacheError> {
        if self.silent_until().is_some_and(|until| Instant::now() < until) {
            return Err(CacheError("it did not answer a moment ago".into()));
        }
        let result = self.ask(command).await;
        *self.silent_until() = result.is_err().then(|| Instant::now() + PAUSE);
        result
    }

    async fn ask<T: FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, CacheError> {
        let asking = async {
            let mut connection = get(&self.pool).await.map_err(|_| CacheError("no connection".into()))?;
            // The error's text may quote the command: only its kind is kept.
            command.query_async(&mut *connection).await.map_err(|error| CacheError(format!("{:?}", error.kind())))
        };
        tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| Err(CacheError("no answer in time".into())))
    }

    fn silent_until(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.silent_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Cache for RedisCache {
    async fn ping(&self) -> Result<(), CacheError> {
        self.ask::<()>(&redis::cmd("PING")).await
    }

    async fn get(&self, key: &str) -> Result<Lookup, CacheError> {
        let value: Option<String> = self.command(redis::cmd("GET").arg(key)).await?;
        if let Some(value) = value {
            return Ok(Lookup::Hit(value));
        }
        let lease = Lease::new();
        let mut set = redis::cmd("SET");
        set.arg(lease_key(key)).arg(&lease.0).arg("NX").arg("PX").arg(LEASE_TIME_TO_LIVE.as_millis() as u64);
        let set: Option<String> = self.command(&set).await?;
        Ok(Lookup::Miss(set.map(|_| lease)))
    }

    async fn fill(&self, key: &str, lease: Lease, value: &str) -> Result<(), CacheError> {
        let mut fill = redis::cmd("EVAL");
        fill.arg(FILL).arg(2).arg(key).arg(lease_key(key)).arg(&lease.0).arg(value).arg(TIME_TO_LIVE.as_secs());
        self.command(&fill).await
    }

    async fn release(&self, key: &str, lease: Lease) -> Result<(), CacheError> {
        let mut release = redis::cmd("EVAL");
        release.arg(RELEASE).arg(1).arg(lease_key(key)).arg(&lease.0);
        self.command(&release).await
    }

    async fn remove(&self, key: &str) -> Result<(), CacheError> {
        self.command(redis::cmd("DEL").arg(key).arg(lease_key(key))).await
    }
}
