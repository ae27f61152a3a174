//! What may be given as a span's parent or link.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use opentelemetry::Context;
use opentelemetry::trace::{Link, SpanContext, TraceContextExt};

use super::Current;
use super::start::Parent;

/// What may be given as `parent = ..`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a span's parent",
    note = "a parent is a `Context`, a `SpanContext`, a `traced::Current`, a reference to one, or an `Option` of these"
)]
pub trait AsParent {
    #[doc(hidden)]
    fn as_parent(&self) -> GivenParent;
}

/// A parent that was given.
#[derive(Debug)]
pub struct GivenParent(pub(crate) Parent);

impl AsParent for Context {
    fn as_parent(&self) -> GivenParent {
        GivenParent(Parent::Given(self.clone()))
    }
}

impl AsParent for SpanContext {
    fn as_parent(&self) -> GivenParent {
        GivenParent(Parent::Remote(self.clone()))
    }
}

impl AsParent for Current {
    fn as_parent(&self) -> GivenParent {
        self.context().as_parent()
    }
}

impl<P: AsParent + ?Sized> AsParent for &P {
    fn as_parent(&self) -> GivenParent {
        (**self).as_parent()
    }
}

/// `None`: the current span, as if no parent were given.
impl<P: AsParent> AsParent for Option<P> {
    fn as_parent(&self) -> GivenParent {
        self.as_ref().map_or(GivenParent(Parent::Current), AsParent::as_parent)
    }
}

/// What may be given in `links(..)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be linked to",
    note = "a link is a `SpanContext`, a `Link`, a `Context`, a `traced::Current`, a reference to one, or an `Option` of these; write `..iterator` for several"
)]
pub trait AsLink {
    #[doc(hidden)]
    fn as_link(&self) -> Option<Link>;
}

/// A link to an invalid context points nowhere: the specification lets it be dropped.
impl AsLink for Link {
    fn as_link(&self) -> Option<Link> {
        self.span_context.is_valid().then(|| self.clone())
    }
}

impl AsLink for SpanContext {
    fn as_link(&self) -> Option<Link> {
        self.is_valid().then(|| Link::with_context(self.clone()))
    }
}

impl AsLink for Context {
    fn as_link(&self) -> Option<Link> {
        self.span().span_context().as_link()
    }
}

impl AsLink for Current {
    fn as_link(&self) -> Option<Link> {
        self.context().as_link()
    }
}

impl<L: AsLink + ?Sized> AsLink for &L {
    fn as_link(&self) -> Option<Link> {
        (**self).as_link()
    }
}

impl<L: AsLink> AsLink for Option<L> {
    fn as_link(&self) -> Option<Link> {
        self.as_ref().and_then(AsLink::as_link)
    }
}

/// What may be given as `..value` in `links(..)` where it is a variable or a field, which stays where it is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list of links",
    label = "no list of links",
    note = "a list is an array, slice or `Vec` of `SpanContext`s, `Link`s or `Context`s; for anything else write `..value.iter()`"
)]
pub trait AsLinks {
    #[doc(hidden)]
    fn add_to(&self, links: &mut Vec<Link>);
}

impl<L: AsLink> AsLinks for [L] {
    fn add_to(&self, links: &mut Vec<Link>) {
        links.extend(self.iter().filter_map(AsLink::as_link));
    }
}

macro_rules! lists {
    ($([$($generics:tt)*] $type:ty),* $(,)?) => {$(
        impl<$($generics)*> AsLinks for $type {
            fn add_to(&self, links: &mut Vec<Link>) {
                links.extend(self.iter().filter_map(AsLink::as_link));
            }
        }
    )*};
}

lists!(
    [L: AsLink, const N: usize] [L; N],
    [L: AsLink] Vec<L>,
    [L: AsLink] Box<[L]>,
    [L: AsLink] Rc<[L]>,
    [L: AsLink] Arc<[L]>,
    [L: AsLink] VecDeque<L>,
    [L: AsLink] Option<L>,
    [L: AsLink, S] HashSet<L, S>,
    [L: AsLink] BTreeSet<L>,
);

impl<T: AsLinks + ?Sized> AsLinks for &T {
    fn add_to(&self, links: &mut Vec<Link>) {
        (**self).add_to(links);
    }
}

impl<T: AsLinks + ?Sized> AsLinks for &mut T {
    fn add_to(&self, links: &mut Vec<Link>) {
        (**self).add_to(links);
    }
}

/// The links of a span, as they are listed.
#[derive(Debug, Default)]
pub struct Links(pub(crate) Vec<Link>);

impl Links {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more, if there is one.
    #[must_use]
    pub fn with<L: AsLink + ?Sized>(mut self, link: &L) -> Self {
        self.0.extend(link.as_link());
        self
    }

    /// With those that `list` holds.
    #[must_use]
    pub fn with_each<L: AsLinks + ?Sized>(mut self, list: &L) -> Self {
        list.add_to(&mut self.0);
        self
    }

    /// With all that an iterator gives.
    #[must_use]
    pub fn with_all<L: AsLink>(mut self, links: impl IntoIterator<Item = L>) -> Self {
        self.0.extend(links.into_iter().filter_map(|link| link.as_link()));
        self
    }
}
