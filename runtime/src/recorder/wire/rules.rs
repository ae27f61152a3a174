//! What holds for the values of attributes.

use std::borrow::Cow;
use std::fmt;

use opentelemetry::trace::{Link, Status};

use super::clip::LONGEST;
use super::{Attributes, Key, ValueLimit, decode};

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
    /// With `redactor`, kept for ever, as there is one for each pipeline that a program sets up: no span has to count
    /// references.
    pub(crate) fn new(limit: ValueLimit, redactor: Option<Box<Redact>>) -> Self {
        Self { limit, redactor: redactor.map(|redact| &*Box::leak(Box::new(Redactor::new(redact)))) }
    }

    /// `status` as it may be shown: its description redacted, and no longer than a value may be.
    pub(crate) fn status(&self, mut status: Status) -> Status {
        if let Status::Error { description } = &mut status {
            if let Some(redacted) = self.redactor.and_then(|it| it.apply("otel.status_description", description)) {
                *description = Cow::Owned(redacted);
            }
            let kept = ValueLimit::default().clip(description).len();
            match description {
                Cow::Borrowed(text) => *text = &text[..kept],
                Cow::Owned(text) => {
                    text.truncate(kept);
                    // What is cut off, or was never used, is not to be held while the span is open.
                    text.shrink_to(LONGEST);
                }
            }
        }
        status
    }

    /// `links` with their attributes as these rules have them.
    pub(crate) fn links(&self, links: Vec<Link>) -> Vec<Link> {
        let apply = |link: Link| {
            let mut list = self.list();
            list.key_values(&link.attributes);
            let dropped = link.dropped_attributes_count.saturating_add(list.dropped());
            Link::new(link.span_context, decode::attributes(list.finish()).collect(), dropped)
        };
        links.into_iter().map(apply).collect()
    }

    /// An empty list of any number of attributes.
    pub(crate) fn list(&self) -> Attributes {
        let mut list = Attributes::of_span();
        list.reset(super::span::ATTRIBUTES, u32::MAX, *self);
        list
    }

    #[inline]
    pub(super) fn redacted(&self, key: &Key<'_>, value: &str) -> Option<String> {
        self.redactor?.apply(&key.to_string(), value)
    }
}
