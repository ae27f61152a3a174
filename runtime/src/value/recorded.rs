//! Attributes that were evaluated before there was a span to hold them.

use opentelemetry::KeyValue;

use super::Fields;

/// Attributes that were evaluated before there was a span to hold them.
#[derive(Debug)]
pub(crate) struct Recorded(Vec<KeyValue>);

impl Recorded {
    pub(crate) fn of(write: &mut dyn FnMut(&mut Fields<'_>)) -> Self {
        Self(Fields::collect(write))
    }

    /// Sets them on `fields`.
    pub(crate) fn replay(&self, fields: &mut Fields<'_>) {
        for attribute in &self.0 {
            fields.set_dynamic(attribute.key.as_str(), &attribute.value);
        }
    }
}
