//! What is known of a span before it is opened.

use std::borrow::Cow;
use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::{Link, SpanContext, TraceContextExt};

use super::{GivenParent, Links, Site};
use crate::value::Fields;

/// What is known of a span before it is opened.
pub struct Start<'a> {
    pub(crate) site: &'static Site,
    pub(crate) name: Option<Cow<'a, str>>,
    pub(crate) parent: Parent,
    pub(crate) links: Vec<Link>,
    pub(crate) attributes: &'a mut dyn FnMut(&mut Fields<'_>),
}

/// Where a span nests.
#[derive(Debug, Clone, Default)]
pub(crate) enum Parent {
    /// Under what is current.
    #[default]
    Current,
    /// Nowhere: it starts a trace of its own.
    Root,
    /// Under the span of this context, whose other values (baggage) it sees, too.
    Given(Context),
    /// Under a span that is known by its ids alone.
    Remote(SpanContext),
}

impl<'a> Start<'a> {
    /// A span of `site`, under what is current, with the attributes that `attributes` sets.
    pub fn new(site: &'static Site, attributes: &'a mut dyn FnMut(&mut Fields<'_>)) -> Self {
        Self { site, name: None, parent: Parent::Current, links: Vec::new(), attributes }
    }

    /// With a name that is known only now.
    #[must_use]
    pub fn name(mut self, name: impl Into<Cow<'a, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Under `parent`.
    #[must_use]
    pub fn parent(mut self, parent: GivenParent) -> Self {
        self.parent = parent.0;
        self
    }

    /// The first span of a new trace.
    #[must_use]
    pub fn root(mut self) -> Self {
        self.parent = Parent::Root;
        self
    }

    /// With `links` to other spans.
    #[must_use]
    pub fn links(mut self, links: Links) -> Self {
        self.links = links.0;
        self
    }

    /// The context that the span nests in. A root keeps what else the current context carries (baggage, values).
    pub(crate) fn parent_context(&self) -> Context {
        match &self.parent {
            Parent::Current => Context::current(),
            Parent::Root => Context::current().with_remote_span_context(SpanContext::empty_context()),
            Parent::Remote(span) => Context::current().with_remote_span_context(span.clone()),
            Parent::Given(context) => context.clone(),
        }
    }
}

impl fmt::Debug for Start<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start").field("site", self.site).field("name", &self.name).finish_non_exhaustive()
    }
}
