//! One way out for spans, on an [`SdkTracerProvider`].

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use opentelemetry::trace::{SpanBuilder, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use super::OpenSpan;
use crate::span::{Site, Start};
use crate::value::Sink;

/// One way out for spans.
#[derive(Debug)]
pub(crate) struct Pipeline {
    provider: SdkTracerProvider,
    /// Whether the sampler wants to see the attributes that a span starts with.
    sampler_sees_attributes: bool,
    /// Whether a span follows the sampled flag of its parent, so that an unsampled parent settles the matter.
    parent_based: bool,
    tracers: RwLock<HashMap<&'static str, SdkTracer>>,
}

impl Pipeline {
    pub(crate) fn new(provider: SdkTracerProvider) -> Self {
        Self { provider, sampler_sees_attributes: false, parent_based: false, tracers: RwLock::default() }
    }

    /// Entry attributes are evaluated before the sampler is asked, so that it sees them.
    #[must_use]
    pub(crate) fn with_sampler_that_sees_attributes(mut self, sees: bool) -> Self {
        self.sampler_sees_attributes = sees;
        self
    }

    /// The sampler follows an unsampled parent without being asked.
    #[must_use]
    pub(crate) fn with_parent_based_sampler(mut self, parent_based: bool) -> Self {
        self.parent_based = parent_based;
        self
    }

    pub(crate) fn provider(&self) -> &SdkTracerProvider {
        &self.provider
    }

    /// Whether a span under `parent` can be recorded, as far as that is known without asking the sampler.
    pub(crate) fn may_record(&self, parent: &Context) -> bool {
        let parent = parent.span();
        let parent = parent.span_context();
        !self.parent_based || !parent.is_valid() || parent.is_sampled()
    }

    pub(crate) fn open(&self, start: Start<'_>, parent: Context) -> Option<OpenSpan> {
        let Start { site, name, links, attributes, .. } = start;
        if !self.may_record(&parent) {
            return None;
        }
        // `Sampler::ParentBased` takes an invalid parent for an unsampled one; for the specification it is none.
        let rootless = Context::new();
        let nests_in = if parent.span().span_context().is_valid() { &parent } else { &rootless };
        let mut builder =
            SpanBuilder::from_name(name.map_or(Cow::Borrowed(site.name), |name| Cow::Owned(name.into_owned())))
                .with_kind(site.kind.clone());
        if !links.is_empty() {
            builder = builder.with_links(links);
        }
        let mut collect = || {
            let mut list = Sink::collect(attributes);
            if !site.function.is_empty() {
                list.extend(code_attributes(site));
            }
            list
        };
        let span = if self.sampler_sees_attributes {
            let attributes = collect();
            self.tracer(site).build_with_context(builder.with_attributes(attributes), nests_in)
        } else {
            let mut span = self.tracer(site).build_with_context(builder, nests_in);
            if opentelemetry::trace::Span::is_recording(&span) {
                opentelemetry::trace::Span::set_attributes(&mut span, collect());
            }
            span
        };
        Some(OpenSpan::new(parent.with_span(span)))
    }

    fn tracer(&self, site: &Site) -> SdkTracer {
        let known = self.tracers.read().unwrap_or_else(PoisonError::into_inner).get(site.scope).cloned();
        known.unwrap_or_else(|| {
            let tracer = self.provider.tracer(site.scope);
            self.tracers.write().unwrap_or_else(PoisonError::into_inner).insert(site.scope, tracer.clone());
            tracer
        })
    }
}

/// The stable `code.*` attributes of the semantic conventions (1.33 and later).
fn code_attributes(site: &Site) -> [KeyValue; 3] {
    [
        KeyValue::new("code.function.name", site.function),
        KeyValue::new("code.file.path", site.file),
        KeyValue::new("code.line.number", i64::from(site.line)),
    ]
}
