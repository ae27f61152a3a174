//! The in-process cache: nothing to install. Several instances of the service need Redis instead.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use moka::Expiry;
use moka::ops::compute::Op;

use super::{Cache, CacheError, LEASE_TIME_TO_LIVE, Lease, Lookup, TIME_TO_LIVE};

const ENTRIES: u64 = 10_000;

/// Entries in this process's memory.
#[derive(Debug, Clone)]
pub struct MemoryCache(moka::sync::Cache<String, Entry>);

#[derive(Debug, Clone)]
enum Entry {
    Value(String),
    /// Being filled by whoever has this lease.
    Leased(String),
}

impl Entry {
    fn is_leased_by(&self, lease: &Lease) -> bool {
        matches!(self, Self::Leased(holder) if *holder == lease.0)
    }
}

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
    fn of(entry: &Entry) -> Option<Duration> {
        Some(match entry {
            Entry::Value(_) => TIME_TO_LIVE,
            Entry::Leased(_) => LEASE_TIME_TO_LIVE,
        })
    }
}

impl Expiry<String, Entry> for Lifetimes {
    fn expire_after_create(&self, _: &String, entry: &Entry, _: Instant) -> Option<Duration> {
        Self::of(entry)
    }

    fn expire_after_update(&self, _: &String, entry: &Entry, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Self::of(entry)
    }
}

// Every change goes through `and_compute_with`: moka runs those of one key one after the other.
#[async_trait]
impl Cache for MemoryCache {
    async fn ping(&self) -> Result<(), CacheError> {
        Ok(())
    }

    async fn get(&self, key: &str) -> Result<Lookup, CacheError> {
        match self.0.get(key) {
            Some(Entry::Value(value)) => return Ok(Lookup::Hit(value)),
            Some(Entry::Leased(_)) => return Ok(Lookup::Miss(None)),
            None => {}
        }
        let lease = Lease::new();
        let entry = self.0.entry_by_ref(key).or_insert_with(|| Entry::Leased(lease.0.clone()));
        Ok(match entry.into_value() {
            entry if entry.is_leased_by(&lease) => Lookup::Miss(Some(lease)),
            Entry::Leased(_) => Lookup::Miss(None),
            Entry::Value(value) => Lookup::Hit(value),
        })
    }

    async fn fill(&self, key: &str, lease: Lease, value: &str) -> Result<(), CacheError> {
        self.0.entry_by_ref(key).and_compute_with(|entry| match entry {
            Some(entry) if entry.value().is_leased_by(&lease) => Op::Put(Entry::Value(value.to_owned())),
            _ => Op::Nop,
        });
        Ok(())
    }

    async fn release(&self, key: &str, lease: Lease) -> Result<(), CacheError> {
        self.0.entry_by_ref(key).and_compute_with(|entry| match entry {
            Some(entry) if entry.value().is_leased_by(&lease) => Op::Remove,
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
