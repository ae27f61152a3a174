//! One way out for spans.

use std::sync::Arc;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData};

use super::OpenSpan;
use super::batch::{Batch, Size};
use super::config::RecorderConfig;
use super::foreign::Foreign;
use super::mode::{ON, PARENT_BASED};
use super::own::{Own, PipelineId};
use crate::span::Start;

/// One way out for spans: of our own, or the SDK's.
#[derive(Debug)]
pub(crate) struct Pipeline(Kind);

#[derive(Debug)]
enum Kind {
    Own(Arc<Own>),
    Foreign(Foreign),
}

impl Pipeline {
    /// Through a provider that the application has made.
    pub(crate) fn new(provider: SdkTracerProvider) -> Self {
        Self(Kind::Foreign(Foreign::new(provider)))
    }

    /// One whose finished spans stay in their logs, until somebody reads them.
    pub(crate) fn held(config: RecorderConfig) -> Self {
        Self(Kind::Own(Own::new(config)))
    }

    /// The finished spans that a [`held`](Pipeline::held) pipeline has, which are then no longer in it.
    pub(crate) fn take_finished(&self) -> Vec<SpanData> {
        self.own().map(|own| Batch::take(own, Size::UNLIMITED).decode()).unwrap_or_default()
    }

    /// Takes no more spans.
    pub(crate) fn close(&self) {
        if let Some(own) = self.own() {
            own.close();
        }
    }

    /// Entry attributes are evaluated before the sampler is asked, so that it sees them.
    #[must_use]
    pub(crate) fn with_sampler_that_sees_attributes(mut self, sees: bool) -> Self {
        if let Kind::Foreign(foreign) = &mut self.0 {
            foreign.sampler_sees_attributes = sees;
        }
        self
    }

    /// The sampler follows an unsampled parent without being asked.
    #[must_use]
    pub(crate) fn with_parent_based_sampler(mut self, parent_based: bool) -> Self {
        if let Kind::Foreign(foreign) = &mut self.0 {
            foreign.parent_based = parent_based;
        }
        self
    }

    /// The application's provider, if spans go through one.
    pub(crate) fn provider(&self) -> Option<&SdkTracerProvider> {
        match &self.0 {
            Kind::Own(_) => None,
            Kind::Foreign(foreign) => Some(foreign.provider()),
        }
    }

    pub(super) fn own(&self) -> Option<&Arc<Own>> {
        match &self.0 {
            Kind::Own(own) => Some(own),
            Kind::Foreign(_) => None,
        }
    }

    /// What every span is to know of it while it is the installed one.
    pub(super) fn mode(&self) -> (u32, Option<PipelineId>) {
        let (parent_based, id) = match &self.0 {
            Kind::Own(own) => (own.parent_based, Some(own.id)),
            Kind::Foreign(foreign) => (foreign.parent_based, None),
        };
        (ON | if parent_based { PARENT_BASED } else { 0 }, id)
    }

    /// Whether a span under `parent` can be recorded, as far as that is known without asking the sampler.
    pub(super) fn may_record(&self, parent: &Context) -> bool {
        let (mode, _) = self.mode();
        let parent = parent.span();
        let parent = parent.span_context();
        mode & PARENT_BASED == 0 || !parent.is_valid() || parent.is_sampled()
    }

    pub(super) fn open(&self, start: Start<'_>, parent: &Context) -> Option<OpenSpan> {
        match &self.0 {
            Kind::Own(own) => own.open(start, parent),
            Kind::Foreign(foreign) => foreign.open(start, parent),
        }
    }
}
