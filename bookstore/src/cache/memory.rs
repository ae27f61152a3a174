//! The in-process cache: nothing to install. Several instances of the service need Redis instead.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use moka::Expiry;
use moka::ops::compute::Op;

use super::{Cache, CacheError, LEASE_TIME_TO_LIVE, Lease, Lookup, TIME_TO_LIVE};

const ENTRIES: u64 = 10_000;

/// Entries in this process's memory.
#[derive(Debug, Clone)]
pub struct MemoryCache(moka::sync::Cache<String, String>);

impl MemoryCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self(moka::sync::Cache::builder().max_capacity(ENTRIES).expire_after(Lifetimes).build())
    }
}

impl Default for MemoryCache {
    fn default() -> Self {
        Self::new()
    }
}

struct Lifetimes;

impl Lifetimes {
    fn of(value: &str) -> Option<Duration> {
        Some(if Lease::is(value) { LEASE_TIME_TO_LIVE } else { TIME_TO_LIVE })
    }
}

impl Expiry<String, String> for Lifetimes {
    fn expire_after_create(&self, _: &String, value: &String, _: Instant) -> Option<Duration> {
        Self::of(value)
    }

    fn expire_after_update(&self, _: &String, value: &String, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Self::of(value)
    }
}

// Every change goes through `and_compute_with`: moka runs those of one key one after the other.
#[async_trait]
impl Cache for MemoryCache {
    async fn ping(&self) -> Result<(), CacheError> {
        Ok(())
    }

    async fn get(&self, key: &str) -> Result<Lookup, CacheError> {
        if let Some(value) = self.0.get(key) {
            return Ok(if Lease::is(&value) { Lookup::Miss(None) } else { Lookup::Hit(value) });
        }
        let lease = Lease::new();
        let entry = self.0.entry_by_ref(key).or_insert_with(|| lease.0.clone());
        Ok(match entry.into_value() {
            value if value == lease.0 => Lookup::Miss(Some(lease)),
            value if Lease::is(&value) => Lookup::Miss(None),
            value => Lookup::Hit(value),
        })
    }

    async fn fill(&self, key: &str, lease: Lease, value: &str) -> Result<(), CacheError> {
        self.0.entry_by_ref(key).and_compute_with(|entry| match entry {
            Some(entry) if *entry.value() == lease.0 => Op::Put(value.to_owned()),
            _ => Op::Nop,
        });
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<(), CacheError> {
        self.0.entry_by_ref(key).and_compute_with(|_| Op::Remove);
        Ok(())
    }
}

#[cfg(all(test, feature = "test-support"))]
mod tests {
    use super::*;
    use crate::testing::cache_cases::behaves_as_a_cache;

    #[tokio::test]
    async fn memory_behaves_as_a_cache() {
        behaves_as_a_cache(&MemoryCache::new()).await;
    }
}
