//! What may be given as a span's parent or link, where there are no spans.

use super::Current;
use super::opentelemetry::Context;
use super::opentelemetry::trace::{Link, SpanContext};

/// What may be given as `parent = ..`.
pub trait AsParent {}

impl AsParent for Context {}
impl AsParent for SpanContext {}
impl AsParent for Current {}
impl<P: AsParent + ?Sized> AsParent for &P {}
impl<P: AsParent> AsParent for Option<P> {}

/// What may be given in `links(..)`.
pub trait AsLink {}

impl AsLink for Link {}
impl AsLink for SpanContext {}
impl AsLink for Context {}
impl AsLink for Current {}
impl<L: AsLink + ?Sized> AsLink for &L {}
impl<L: AsLink> AsLink for Option<L> {}
