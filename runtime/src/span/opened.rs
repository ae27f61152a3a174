//! Spans between their opening and what runs inside them, and those that open later.

use std::borrow::Cow;
use std::fmt;

use opentelemetry::trace::Link;

use super::start::Parent;
use super::{Site, Start};
use crate::recorder::{self, OpenSpan, Opening};
use crate::value::{Fields, Recorded};

/// A span that has just opened, or none because nobody records it.
#[derive(Debug, Default)]
pub struct Opened(pub(super) Opening);

#[cfg(any(feature = "postgres", feature = "http"))]
impl Opened {
    /// The span, if there is one.
    pub(crate) fn open(self) -> Option<OpenSpan> {
        self.0.open()
    }
}

impl From<Option<OpenSpan>> for Opened {
    fn from(span: Option<OpenSpan>) -> Self {
        Self(span.map_or(Opening::Nobody, |span| Opening::Open(Box::new(span))))
    }
}

/// Opens the span that `start` describes.
pub fn open(start: Start<'_>) -> Opened {
    Opened(recorder::open(start))
}

/// Opens a span of `site` of which nothing else is said than its attributes.
pub fn enter_with(site: &'static Site, attributes: &mut dyn FnMut(&mut Fields<'_>)) -> Opened {
    Opened(recorder::enter(site, attributes))
}

/// No span: an `Opened` or `Enriched` without one.
#[inline]
pub fn unopened<T: Default>() -> T {
    T::default()
}

/// A span whose attributes are known and that opens later, at the first poll of a future or stream.
pub struct Pending(Option<Prepared>);

struct Prepared {
    site: &'static Site,
    name: Option<Cow<'static, str>>,
    parent: Parent,
    links: Vec<Link>,
    attributes: Recorded,
}

impl Pending {
    /// Evaluates what `start` sets.
    pub fn new(start: Start<'_>) -> Self {
        if !recorder::would_record(&start) {
            return Self::off();
        }
        let Start { site, name, parent, links, attributes } = start;
        let name = name.map(|name| Cow::Owned(name.into_owned()));
        Self(Some(Prepared { site, name, parent, links, attributes: Recorded::of(attributes) }))
    }

    /// No span.
    #[inline]
    pub fn off() -> Self {
        Self(None)
    }

    pub(crate) fn is_off(&self) -> bool {
        self.0.is_none()
    }

    /// Opens the span; the first call alone does.
    pub(crate) fn open(&mut self) -> Option<OpenSpan> {
        let Prepared { site, name, parent, links, attributes } = self.0.take()?;
        let mut replay = |fields: &mut crate::Fields<'_>| attributes.replay(fields);
        recorder::open(Start { site, name, parent, links, attributes: &mut replay }).open()
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pending").field(&self.0.as_ref().map(|prepared| prepared.site)).finish()
    }
}
