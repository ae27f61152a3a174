//! What was made of a text, for the next time that it is sent.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use foldhash::fast::RandomState;

/// How many texts are remembered. A program has few statement texts; one that builds them endlessly is not to fill the
/// memory.
const REMEMBERED: usize = 1024;

/// Longer texts, in bytes, are not remembered: they are migrations and the like, which run once.
const REMEMBERED_LENGTH: usize = 8 * 1024;

/// What was made of texts.
#[derive(Debug)]
pub(super) struct Remembered<V>(RwLock<HashMap<Box<str>, V, RandomState>>);

impl<V> Default for Remembered<V> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<V: Clone> Remembered<V> {
    /// What was made of `text`, or what `make` makes of it now.
    pub(super) fn get(&self, text: &str, make: impl FnOnce() -> V) -> V {
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(text) {
            return known.clone();
        }
        let made = make();
        if text.len() > REMEMBERED_LENGTH {
            return made;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(text.into(), made.clone());
        made
    }
}
