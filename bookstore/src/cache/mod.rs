//! Answers kept for an hour. Nothing above this module knows where.

mod memory;
mod redis;
mod shelf;

use std::fmt;

use async_trait::async_trait;

pub use memory::MemoryCache;
pub use redis::RedisCache;
pub use shelf::Shelf;

/// How long a value is kept.
pub const TIME_TO_LIVE: std::time::Duration = std::time::Duration::from_secs(3600);

/// How long the right to fill an entry lasts. A reader that takes longer does not fill it.
const LEASE_TIME_TO_LIVE: std::time::Duration = std::time::Duration::from_secs(10);

/// The right to fill an entry, given by the miss that asked for it first.
///
/// It keeps a stale value out: between a reader's look at the store and its fill, a writer may change the row and drop
/// the entry. Dropping takes the lease away too, so that the reader's fill does nothing.
#[derive(Debug)]
pub struct Lease(String);

impl Lease {
    fn new() -> Self {
        Self(uuid::Uuid::new_v4().simple().to_string())
    }
}

/// What a cache has under a key.
#[derive(Debug)]
pub enum Lookup {
    /// The value.
    Hit(String),
    /// Nothing. Without a lease somebody else is filling the entry.
    Miss(Option<Lease>),
}

/// The cache does not answer. What the cause was, without any value.
#[derive(Debug, thiserror::Error)]
#[error("the cache does not answer: {0}")]
pub struct CacheError(pub String);

impl traced::ErrorType for CacheError {
    fn error_type(&self) -> &str {
        "cache_unavailable"
    }

    fn is_expected(&self) -> bool {
        true
    }
}

/// A cache of texts.
#[async_trait]
pub trait Cache: Send + Sync + fmt::Debug {
    /// Whether it answers.
    async fn ping(&self) -> Result<(), CacheError>;

    /// What it has under `key`; on a miss, the right to fill it.
    async fn get(&self, key: &str) -> Result<Lookup, CacheError>;

    /// Keeps `value` for [`TIME_TO_LIVE`], unless the entry was dropped since the lease was given.
    async fn fill(&self, key: &str, lease: Lease, value: &str) -> Result<(), CacheError>;

    /// Gives a lease back that nothing will be filled by, so that the next reader gets one.
    async fn release(&self, key: &str, lease: Lease) -> Result<(), CacheError>;

    /// Drops the entry, and the lease of whoever is about to fill it.
    async fn remove(&self, key: &str) -> Result<(), CacheError>;
}
