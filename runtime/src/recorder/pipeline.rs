//! One way out for spans.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData};

use super::collector::Collector;
use super::config::{RecorderConfig, Redactor, Settled};
use super::counts::Totals;
use super::foreign::Foreign;
use super::mode::{ON, PARENT_BASED, RECORDS_ROOTS};
use super::open::Opening;
use super::outlet::Outlet;
use super::own::{Own, PipelineId};
use super::tracer::RecordingProvider;
use super::wire::{ValueLimit, ValueRules};
use crate::span::Start;

/// One way out for spans: of our own, or the SDK's.
#[derive(Debug)]
pub(crate) struct Pipeline(Kind);

#[derive(Debug)]
enum Kind {
    Own(Arc<Own>, Option<Collector>),
    Foreign(Foreign),
}

impl Pipeline {
    /// Through a provider that the application has made.
    pub(crate) fn new(provider: SdkTracerProvider, value_length: Option<usize>, redactor: Option<Redactor>) -> Self {
        let limit = value_length.map_or_else(Default::default, ValueLimit::chars);
        let rules = ValueRules::new(limit, redactor.map(|redactor| redactor.0));
        Self(Kind::Foreign(Foreign::new(provider, rules)))
    }

    /// One of our own, whose finished spans go to each of `outlets`, on a thread of its own.
    ///
    /// # Errors
    ///
    /// If a thread can't be started.
    pub(crate) fn own_with(config: RecorderConfig, outlets: Vec<Box<dyn Outlet>>) -> std::io::Result<Self> {
        let resource = config.resource.clone();
        let schedule = config.schedule.clone();
        let own = Own::new(config, outlets.len());
        let collector = Collector::start(&own, &resource, &schedule, outlets)?;
        Ok(Self(Kind::Own(own, Some(collector))))
    }

    /// Has every outlet deliver what ended before. False when that took longer than `timeout`.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        match &self.0 {
            Kind::Own(_, collector) => collector.as_ref().is_none_or(|collector| collector.flush(timeout)),
            Kind::Foreign(_) => true,
        }
    }

    /// Takes no more spans and delivers those that there are. False when that took longer than `timeout`.
    pub(crate) fn shutdown(&self, timeout: Duration) -> bool {
        self.close();
        match &self.0 {
            Kind::Own(_, collector) => collector.as_ref().is_none_or(|collector| collector.shutdown(timeout)),
            Kind::Foreign(_) => true,
        }
    }

    /// How many spans could not be delivered yet and are kept for another try.
    pub(crate) fn kept(&self) -> u64 {
        match &self.0 {
            Kind::Own(_, Some(collector)) => collector.kept(),
            _ => 0,
        }
    }

    /// How many spans were lost to a way out because others were in need of the memory, ever.
    pub(crate) fn crowded_out(&self) -> u64 {
        self.own().map_or(0, |own| own.crowded_out())
    }

    /// What was counted until now; nothing is known of what goes through an application's own provider.
    pub(crate) fn totals(&self) -> Totals {
        self.own().map(|own| own.totals()).unwrap_or_default()
    }

    /// A tracer provider whose spans take the same path, for the OpenTelemetry globals.
    pub(crate) fn recording_provider(&self) -> Option<RecordingProvider> {
        self.own().map(|own| RecordingProvider(Arc::clone(own)))
    }

    /// One whose finished spans stay in their logs, until somebody reads them.
    pub(crate) fn held(config: RecorderConfig) -> Self {
        Self(Kind::Own(Own::new(config, 0), None))
    }

    /// The finished spans that a [`held`](Pipeline::held) pipeline has, which are then no longer in it.
    pub(crate) fn take_finished(&self) -> Vec<SpanData> {
        self.own().map(|own| own.take_all().decode()).unwrap_or_default()
    }

    /// Takes no more spans.
    pub(crate) fn close(&self) {
        if let Some(own) = self.own() {
            own.close();
        }
    }

    /// The application's provider, if spans go through one.
    pub(crate) fn provider(&self) -> Option<&SdkTracerProvider> {
        match &self.0 {
            Kind::Own(..) => None,
            Kind::Foreign(foreign) => Some(foreign.provider()),
        }
    }

    /// What holds for the values that spans of others get through us.
    pub(super) fn rules(&self) -> ValueRules {
        match &self.0 {
            Kind::Own(own, _) => own.limits.values,
            Kind::Foreign(foreign) => foreign.rules,
        }
    }

    pub(super) fn own(&self) -> Option<&Arc<Own>> {
        match &self.0 {
            Kind::Own(own, _) => Some(own),
            Kind::Foreign(_) => None,
        }
    }

    /// What every span is to know of it while it is the installed one.
    pub(super) fn mode(&self) -> (u32, Option<PipelineId>) {
        let (settled, id) = match &self.0 {
            Kind::Own(own, _) => (own.settled, Some(own.id)),
            // What its sampler makes of anything is not known.
            Kind::Foreign(_) => (Settled::default(), None),
        };
        let bit = |settled: bool, bit: u32| if settled { bit } else { 0 };
        (ON | bit(settled.parent_based, PARENT_BASED) | bit(settled.records_roots, RECORDS_ROOTS), id)
    }

    /// Whether a span under `parent` can be recorded, as far as that is known without asking the sampler.
    pub(super) fn may_record(&self, parent: &Context) -> bool {
        let (mode, _) = self.mode();
        let parent = parent.span();
        let parent = parent.span_context();
        mode & PARENT_BASED == 0 || !parent.is_valid() || parent.is_sampled()
    }

    pub(super) fn open(&self, start: Start<'_>, parent: &Context) -> Opening {
        match &self.0 {
            Kind::Own(own, _) => own.open(start, parent),
            Kind::Foreign(foreign) => foreign.open(start, parent),
        }
    }
}
