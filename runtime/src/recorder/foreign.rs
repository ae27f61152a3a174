//! A pipeline of somebody else's: the [`SdkTracerProvider`] that an application already has.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use opentelemetry::Context;
use opentelemetry::trace::{Span, SpanBuilder, TraceContextExt, Tracer, TracerProvider};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use super::OpenSpan;
use super::open::Opening;
use super::wire::{ValueRules, decode};
use crate::span::{Site, Start};
use crate::value::Fields;

/// A pipeline of somebody else's.
#[derive(Debug)]
pub(crate) struct Foreign {
    provider: SdkTracerProvider,
    tracers: RwLock<HashMap<&'static str, SdkTracer>>,
    /// What holds for the values that are written through us; the provider's own limits hold besides.
    pub(super) rules: ValueRules,
}

impl Foreign {
    pub(super) fn new(provider: SdkTracerProvider, rules: ValueRules) -> Self {
        Self { provider, tracers: RwLock::default(), rules }
    }

    pub(super) fn provider(&self) -> &SdkTracerProvider {
        &self.provider
    }

    pub(super) fn open(&self, start: Start<'_>, parent: &Context) -> Opening {
        let Start { site, name, links, attributes, .. } = start;
        if parent.is_telemetry_suppressed() {
            return Opening::Nobody;
        }
        // `Sampler::ParentBased` takes an invalid parent for an unsampled one; for the specification it is none.
        let rootless = Context::new();
        let nests_in = if parent.span().span_context().is_valid() { parent } else { &rootless };
        let mut builder =
            SpanBuilder::from_name(name.map_or(Cow::Borrowed(site.name()), |name| Cow::Owned(name.into_owned())))
                .with_kind(site.kind.clone());
        if !links.is_empty() {
            builder = builder.with_links(self.rules.links(links));
        }
        let mut span = self.tracer(site).build_with_context(builder, nests_in);
        // Not evaluated when nobody records; the provider's sampler is not known to want them.
        if span.is_recording() {
            let mut list = self.rules.list();
            attributes(&mut Fields::new(&mut list));
            span.set_attributes(decode::attributes(list.finish()));
            span.set_attributes(site.code_attributes().into_iter().flatten());
        }
        Opening::Open(Box::new(OpenSpan::new(parent.with_span(span))))
    }

    fn tracer(&self, site: &Site) -> SdkTracer {
        let known = self.tracers.read().unwrap_or_else(PoisonError::into_inner).get(site.scope()).cloned();
        known.unwrap_or_else(|| {
            let tracer = self.provider.tracer(site.scope());
            self.tracers.write().unwrap_or_else(PoisonError::into_inner).insert(site.scope(), tracer.clone());
            tracer
        })
    }
}
