//! What holds for the values of attributes.

use std::fmt;

use super::{Key, ValueLimit};

/// What every string passes through before it is encoded.
pub(crate) struct Redactor(Box<Redact>);

/// From a key and its value to what is to stand in the value's place; `None` leaves it.
pub(crate) type Redact = dyn Fn(&str, &str) -> Option<String> + Send + Sync;

impl Redactor {
    pub(crate) fn new(redact: Box<Redact>) -> Self {
        Self(redact)
    }

    /// What is to stand in the place of `value`.
    pub(crate) fn apply(&self, key: &str, value: &str) -> Option<String> {
        (self.0)(key, value)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

/// What holds for the values of a list.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ValueRules {
    pub(crate) limit: ValueLimit,
    pub(crate) redactor: Option<&'static Redactor>,
}

impl ValueRules {
    #[inline]
    pub(super) fn redacted(&self, key: &Key<'_>, value: &str) -> Option<String> {
        self.redactor?.apply(&key.to_string(), value)
    }
}
