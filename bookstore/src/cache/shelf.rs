//! The cache as the business logic uses it: never a reason for a request to fail.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::{Cache, CacheError, Lease, Lookup};

/// How often entries that could not be dropped are tried again.
const RETRY: Duration = Duration::from_secs(1);
/// The same, when the program is about to end.
const SETTLE: Duration = Duration::from_millis(50);
/// How many of them are remembered one by one; beyond it the cache is not read at all until it has lived out its hour.
const REMEMBERED: usize = 10_000;

/// A cache that may be down.
///
/// While it is, reads find nothing and writes go on. An entry that could not be dropped is stale: it is remembered, not
/// read, and dropped as soon as the cache answers again.
#[derive(Debug, Clone)]
pub struct Shelf(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cache: Arc<dyn Cache>,
    stale: Mutex<Stale>,
}

#[derive(Debug, Default)]
struct Stale {
    keys: HashSet<String>,
    overflowed: Option<std::time::Instant>,
    retrying: bool,
}

impl Inner {
    fn stale(&self) -> std::sync::MutexGuard<'_, Stale> {
        self.stale.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops what could not be dropped; whether nothing is left.
    async fn drop_stale(&self) -> bool {
        let keys: Vec<String> = self.stale().keys.iter().cloned().collect();
        for key in keys {
            if self.cache.remove(&key).await.is_err() {
                break;
            }
            self.stale().keys.remove(&key);
        }
        self.stale().keys.is_empty()
    }
}

impl Shelf {
    /// On top of `cache`.
    pub fn new(cache: Arc<dyn Cache>) -> Self {
        Self(Arc::new(Inner { cache, stale: Mutex::default() }))
    }

    /// Whether the cache answers.
    ///
    /// # Errors
    ///
    /// That it does not.
    pub async fn ping(&self) -> Result<(), CacheError> {
        self.0.cache.ping().await
    }

    /// What is kept under `key`, as far as it is known to be current.
    pub async fn get(&self, key: &str) -> Lookup {
        {
            let mut stale = self.0.stale();
            if stale.overflowed.is_some_and(|since| since.elapsed() > super::TIME_TO_LIVE) {
                stale.overflowed = None;
            }
            if stale.overflowed.is_some() || stale.keys.contains(key) {
                return Lookup::Miss(None);
            }
        }
        self.0.cache.get(key).await.unwrap_or(Lookup::Miss(None))
    }

    /// Keeps `value`, if the lease still holds.
    pub async fn fill(&self, key: &str, lease: Lease, value: &str) {
        // Lost when the cache is down: the next reader fills.
        let _ = self.0.cache.fill(key, lease, value).await;
    }

    /// Gives a lease back that nothing will be filled by.
    pub async fn release(&self, key: &str, lease: Lease) {
        // Lost when the cache is down: it ends by itself.
        let _ = self.0.cache.release(key, lease).await;
    }

    /// Tries again to drop what could not be dropped, until nothing is left or `patience` is over: what stays is stale
    /// for every other instance, and for this one once it starts again, for as long as an entry lives.
    ///
    /// How many entries stay.
    pub async fn settle(&self, patience: Duration) -> usize {
        let settling = async {
            while !self.0.drop_stale().await {
                tokio::time::sleep(SETTLE).await;
            }
        };
        let _ = tokio::time::timeout(patience, settling).await;
        self.0.stale().keys.len()
    }

    /// Drops the entry, now or as soon as the cache answers.
    ///
    /// # Errors
    ///
    /// That the cache did not answer: worth noting, not worth failing for.
    pub async fn remove(&self, key: &str) -> Result<(), CacheError> {
        // Remembered first: a client that goes away may stop this future while it waits.
        let pending = Pending { inner: &self.0, key };
        let result = self.0.cache.remove(key).await;
        if result.is_ok() {
            std::mem::forget(pending);
        }
        result
    }
}

/// A drop that is under way: unless it is forgotten, its key is stale.
struct Pending<'a> {
    inner: &'a Arc<Inner>,
    key: &'a str,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        let mut stale = self.inner.stale();
        if stale.keys.len() >= REMEMBERED {
            stale.overflowed = Some(std::time::Instant::now());
            return;
        }
        stale.keys.insert(self.key.to_owned());
        if !std::mem::replace(&mut stale.retrying, true) {
            tokio::spawn(retry(Arc::downgrade(self.inner)));
        }
    }
}

async fn retry(inner: Weak<Inner>) {
    loop {
        tokio::time::sleep(RETRY).await;
        let Some(inner) = inner.upgrade() else { return };
        inner.drop_stale().await;
        let mut stale = inner.stale();
        if stale.keys.is_empty() {
            stale.retrying = false;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Switched;

    async fn keep(shelf: &Shelf, key: &str) {
        let Lookup::Miss(Some(lease)) = shelf.get(key).await else { panic!("no lease") };
        shelf.fill(key, lease, "old").await;
        assert!(matches!(shelf.get(key).await, Lookup::Hit(_)));
    }

    /// Waits until an entry is gone and can be filled again.
    async fn dropped(shelf: &Shelf, key: &str) {
        let deadline = tokio::time::Instant::now() + RETRY * 10;
        while !matches!(shelf.get(key).await, Lookup::Miss(Some(_))) {
            assert!(tokio::time::Instant::now() < deadline, "{key} is still stale");
            tokio::time::sleep(RETRY / 20).await;
        }
    }

    #[tokio::test]
    async fn an_entry_that_could_not_be_dropped_is_not_read_and_dropped_later() {
        let cache = Arc::new(Switched::default());
        let shelf = Shelf::new(Arc::<Switched>::clone(&cache));
        keep(&shelf, "book:1").await;
        keep(&shelf, "book:2").await;

        cache.switch(false);
        assert!(shelf.remove("book:1").await.is_err());
        assert!(matches!(shelf.get("book:2").await, Lookup::Miss(None)), "a cache that is down has nothing");

        // It is back, with the old value: that is not to be seen, and gone soon.
        cache.switch(true);
        assert!(matches!(shelf.get("book:1").await, Lookup::Miss(None)));
        assert!(matches!(shelf.get("book:2").await, Lookup::Hit(_)));
        dropped(&shelf, "book:1").await;
    }

    #[tokio::test]
    async fn what_could_not_be_dropped_is_dropped_at_the_end_if_the_cache_is_back_in_time() {
        let cache = Arc::new(Switched::default());
        let shelf = Shelf::new(Arc::<Switched>::clone(&cache));
        assert_eq!(shelf.settle(RETRY).await, 0, "nothing to wait for");
        keep(&shelf, "book:1").await;
        cache.switch(false);
        assert!(shelf.remove("book:1").await.is_err());
        assert_eq!(shelf.settle(SETTLE).await, 1);
        // Sooner than the next try of a service that goes on.
        let (left, ()) = tokio::join!(shelf.settle(RETRY / 2), async {
            tokio::time::sleep(SETTLE * 2).await;
            cache.switch(true);
        });
        assert_eq!(left, 0);
        assert!(matches!(cache.get("book:1").await, Ok(Lookup::Miss(Some(_)))), "it is gone");
    }

    #[tokio::test]
    async fn a_drop_that_was_given_up_on_is_done_all_the_same() {
        let cache = Arc::new(Switched::default());
        let shelf = Shelf::new(Arc::<Switched>::clone(&cache));
        keep(&shelf, "book:1").await;
        // Never polled to its end: as when the client goes away.
        drop(Pending { inner: &shelf.0, key: "book:1" });
        assert!(matches!(shelf.get("book:1").await, Lookup::Miss(None)));
        dropped(&shelf, "book:1").await;
    }
}
