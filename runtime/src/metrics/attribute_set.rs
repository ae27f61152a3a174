//! A set of attributes that is measured again and again.

use std::hash::{BuildHasher as _, Hash, Hasher};
use std::sync::Arc;

use foldhash::fast::FixedState;
use opentelemetry::KeyValue;

/// A set of attributes with its hash: its series are looked up without reading it. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct AttributeSet {
    hash: u64,
    attributes: Arc<[KeyValue]>,
}

impl AttributeSet {
    pub(crate) fn new(attributes: Vec<KeyValue>) -> Self {
        Self { hash: FixedState::default().hash_one(&attributes), attributes: attributes.into() }
    }

    pub(super) fn attributes(&self) -> &Arc<[KeyValue]> {
        &self.attributes
    }
}

impl Hash for AttributeSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl PartialEq for AttributeSet {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.attributes, &other.attributes)
            || (self.hash == other.hash && self.attributes == other.attributes)
    }
}

impl Eq for AttributeSet {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_made_twice_are_the_same_and_others_are_not() {
        let set = |name| AttributeSet::new(vec![KeyValue::new("db.namespace", name)]);
        assert_eq!(set("books"), set("books"));
        assert_eq!(set("books").hash, set("books").hash);
        assert_ne!(set("books"), set("users"));
        let same_hash = AttributeSet { hash: set("books").hash, ..set("users") };
        assert_ne!(set("books"), same_hash);
    }
}
