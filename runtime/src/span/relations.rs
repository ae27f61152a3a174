//! What may be given as a span's parent or link.

use opentelemetry::Context;
use opentelemetry::trace::{Link, SpanContext, TraceContextExt};

use super::Current;
use super::start::Parent;

/// What may be given as `parent = ..`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a span's parent",
    note = "a parent is a `Context`, a `SpanContext`, a `traced::Current`, a reference to one, or an `Option` of these"
)]
pub trait IntoParent {
    #[doc(hidden)]
    fn into_parent(self) -> GivenParent;
}

/// A parent that was given.
#[derive(Debug)]
pub struct GivenParent(pub(crate) Parent);

impl IntoParent for Context {
    fn into_parent(self) -> GivenParent {
        GivenParent(Parent::Given(self))
    }
}

impl IntoParent for &Context {
    fn into_parent(self) -> GivenParent {
        self.clone().into_parent()
    }
}

impl IntoParent for SpanContext {
    fn into_parent(self) -> GivenParent {
        GivenParent(Parent::Remote(self))
    }
}

impl IntoParent for &SpanContext {
    fn into_parent(self) -> GivenParent {
        self.clone().into_parent()
    }
}

impl IntoParent for Current {
    fn into_parent(self) -> GivenParent {
        self.context().into_parent()
    }
}

impl IntoParent for &Current {
    fn into_parent(self) -> GivenParent {
        self.context().into_parent()
    }
}

/// `None`: the current span, as if no parent were given.
impl<P: IntoParent> IntoParent for Option<P> {
    fn into_parent(self) -> GivenParent {
        self.map_or(GivenParent(Parent::Current), IntoParent::into_parent)
    }
}

/// What may be given in `links(..)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be linked to",
    note = "a link is a `SpanContext`, a `Link`, a `Context`, a `traced::Current`, a reference to one, or an `Option` of these; write `..iterator` for several"
)]
pub trait IntoLink {
    #[doc(hidden)]
    fn add_to(self, links: &mut Vec<Link>);
}

impl IntoLink for Link {
    fn add_to(self, links: &mut Vec<Link>) {
        // The specification lets a link to an invalid context be dropped; it points nowhere.
        if self.span_context.is_valid() {
            links.push(self);
        }
    }
}

impl IntoLink for &Link {
    fn add_to(self, links: &mut Vec<Link>) {
        self.clone().add_to(links);
    }
}

impl IntoLink for SpanContext {
    fn add_to(self, links: &mut Vec<Link>) {
        Link::with_context(self).add_to(links);
    }
}

impl IntoLink for &SpanContext {
    fn add_to(self, links: &mut Vec<Link>) {
        self.clone().add_to(links);
    }
}

impl IntoLink for &Context {
    fn add_to(self, links: &mut Vec<Link>) {
        self.span().span_context().add_to(links);
    }
}

impl IntoLink for Context {
    fn add_to(self, links: &mut Vec<Link>) {
        (&self).add_to(links);
    }
}

impl IntoLink for &Current {
    fn add_to(self, links: &mut Vec<Link>) {
        self.context().add_to(links);
    }
}

impl IntoLink for Current {
    fn add_to(self, links: &mut Vec<Link>) {
        (&self).add_to(links);
    }
}

impl<L: IntoLink> IntoLink for Option<L> {
    fn add_to(self, links: &mut Vec<Link>) {
        if let Some(link) = self {
            link.add_to(links);
        }
    }
}

/// No links yet.
pub fn new_links() -> Vec<Link> {
    Vec::new()
}
