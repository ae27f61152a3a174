//! A cache that fails when it is told to.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use crate::cache::{Cache, CacheError, Lease, Lookup, MemoryCache};

/// A cache in the process that can be switched off: then every call fails, and what it holds stays.
#[derive(Debug, Default)]
pub struct Switched {
    cache: MemoryCache,
    off: AtomicBool,
}

impl Switched {
    /// Makes every call fail from now on, or none any more.
    pub fn switch(&self, on: bool) {
        self.off.store(!on, Ordering::SeqCst);
    }

    fn on(&self) -> Result<&MemoryCache, CacheError> {
        if self.off.load(Ordering::SeqCst) { Err(CacheError("switched off".into())) } else { Ok(&self.cache) }
    }
}

#[async_trait]
impl Cache for Switched {
    async fn ping(&self) -> Result<(), CacheError> {
        self.on().map(|_| ())
    }

    async fn get(&self, key: &str) -> Result<Lookup, CacheError> {
        self.on()?.get(key).await
    }

    async fn fill(&self, key: &str, lease: Lease, value: &str) -> Result<(), CacheError> {
        self.on()?.fill(key, lease, value).await
    }

    async fn release(&self, key: &str, lease: Lease) -> Result<(), CacheError> {
        self.on()?.release(key, lease).await
    }

    async fn remove(&self, key: &str) -> Result<(), CacheError> {
        self.on()?.remove(key).await
    }
}
