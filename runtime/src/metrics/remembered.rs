//! Series that were looked up before, by what their attributes are made of.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use foldhash::fast::RandomState;
use opentelemetry::metrics::Meter;

/// How many are remembered between two collections: as many as the SDK keeps apart of one instrument.
const LIMIT: usize = 2000;

/// Series `S` by the key `K`, until metrics are collected.
#[derive(Debug)]
pub(super) struct Remembered<K, S>(Arc<Series<K, S>>);

type Series<K, S> = RwLock<HashMap<K, Arc<S>, RandomState>>;

impl<K: Clone + Eq + Hash, S> Remembered<K, S> {
    /// Those of `key`, which `make` makes if they are not remembered.
    #[inline]
    pub(super) fn get(&self, key: &K, make: impl FnOnce() -> S) -> Arc<S> {
        if let Some(series) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Arc::clone(series);
        }
        self.remember(key, Arc::new(make()))
    }

    /// Beyond the limit it is used this once: the SDK's own search leads to the same points then, or to its overflow.
    #[cold]
    fn remember(&self, key: &K, series: Arc<S>) -> Arc<S> {
        let mut remembered = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= LIMIT {
            return remembered.get(key).map_or(series, Arc::clone);
        }
        Arc::clone(remembered.entry(key.clone()).or_insert(series))
    }
}

impl<K, S> Default for Remembered<K, S> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// What forgets when metrics are collected.
///
/// A series that is held can't be forgotten by the SDK, though nothing is measured any more. So none is held for longer than
/// from one collection to the next, but by what is under way and will measure it, and the SDK forgets it then as if each
/// measurement were searched for: with delta temporality, at the collection after.
#[derive(Clone, Default)]
pub(super) struct Collections(Arc<Mutex<Vec<Weak<dyn Forget>>>>);

trait Forget: Send + Sync {
    fn forget(&self);
}

impl<K: Send + Sync, S: Send + Sync> Forget for Series<K, S> {
    fn forget(&self) {
        let old = std::mem::take(&mut *self.write().unwrap_or_else(PoisonError::into_inner));
        drop(old);
    }
}

impl Collections {
    /// The collections of `meter`'s provider, of which callbacks tell: just before, as many times as it has readers.
    pub(super) fn of(meter: &Meter) -> Self {
        let collections = Self::default();
        let collected = collections.clone();
        // What never has a value is not exported.
        let builder = meter.u64_observable_gauge("traced.collections").with_callback(move |_| collected.begin());
        let _ = builder.build();
        collections
    }

    /// Remembers until the next one.
    pub(super) fn remembered<K: Send + Sync + 'static, S: Send + Sync + 'static>(&self) -> Remembered<K, S> {
        let remembered = Remembered::default();
        let series: Weak<Series<K, S>> = Arc::downgrade(&remembered.0);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(series);
        remembered
    }

    fn begin(&self) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter_map(Weak::upgrade).for_each(|series| series.forget());
    }
}

/// A text that is a literal or lives as long, compared by where it stands. One that stands at two places is two.
#[derive(Debug, Clone, Copy)]
pub(super) struct Literal(pub(super) &'static str);

impl Hash for Literal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.0.as_ptr().addr());
    }
}

impl PartialEq for Literal {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Literal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_up_is_found_again_until_the_next_collection() {
        let collections = Collections::default();
        let remembered = collections.remembered();
        let first = remembered.get(&1, || "made");
        assert!(Arc::ptr_eq(&first, &remembered.get(&1, || unreachable!())));
        collections.begin();
        assert_eq!(*remembered.get(&1, || "made anew"), "made anew");
    }

    #[test]
    fn beyond_the_limit_nothing_is_remembered() {
        let remembered = Remembered::default();
        (0..LIMIT).for_each(|key| drop(remembered.get(&key, || "made")));
        assert_eq!(*remembered.get(&LIMIT, || "made"), "made");
        assert_eq!(*remembered.get(&LIMIT, || "made again"), "made again");
        assert_eq!(*remembered.get(&0, || "made again"), "made");
    }

    #[test]
    fn literals_are_compared_by_place_and_length() {
        static TEXT: &str = "a text";
        assert_eq!(Literal(TEXT), Literal(TEXT));
        assert_ne!(Literal(TEXT), Literal(&TEXT[..1]));
        let other: &'static str = String::from(TEXT).leak();
        assert_ne!(Literal(TEXT), Literal(other));
    }
}
