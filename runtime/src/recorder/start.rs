//! Opening a span.

use opentelemetry::trace::{Link, SpanContext, SpanKind, TraceContextExt};
use opentelemetry::{Context, KeyValue};

use super::origin::{self, Decision, Origin, Verdict};
use super::own::{Own, PipelineId};
use super::record::Record;
use super::scope::ScopeId;
use super::wire::{Attributes, decode, span as wire_span};
use super::{OpenSpan, clock, local, mode};
use crate::span::{Parent, Start};
use crate::value::Fields;

/// What the recorder makes of a call site once, when it is first used.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(super) scope: ScopeId,
    /// Its `code.*` attributes, if it is to have them.
    code: Option<Attributes>,
}

impl Prepared {
    pub(crate) fn new(scope: &'static str, code: Option<[KeyValue; 3]>) -> Self {
        let code = code.map(|list| {
            let mut attributes = Attributes::new(wire_span::ATTRIBUTES);
            attributes.key_values(&list);
            attributes
        });
        Self { scope: ScopeId::of(opentelemetry::InstrumentationScope::builder(scope).build()), code }
    }
}

/// Whether a span under what is current may be recorded. This is all that a span costs where its parent is not sampled.
pub(crate) fn may_record_here() -> bool {
    let mode = mode::get();
    if !mode.has(mode::ON) || !local::is_alive() {
        return false;
    }
    Context::map_current(|parent| !origin::settles(parent, mode))
}

/// Opens the span that `start` describes. `None` when nobody records it and no context of its own is needed: what runs
/// inside then nests under whatever is current already.
pub(crate) fn open(start: Start<'_>) -> Option<OpenSpan> {
    let mode = mode::get();
    if !mode.has(mode::ON) || !local::is_alive() {
        return None;
    }
    let verdict = match &start.parent {
        Parent::Current => Context::map_current(|parent| origin::verdict(parent, mode)),
        Parent::Given(parent) => origin::verdict(parent, mode),
        Parent::Root | Parent::Remote(_) => Verdict::Ask,
    };
    match verdict {
        Verdict::Nothing => None,
        Verdict::Follow(pipeline, origin) => follow(pipeline, origin, start),
        Verdict::Ask => {
            let parent = start.parent_context();
            let pipeline = super::pipeline_of(&parent)?;
            pipeline.open(start, &parent)
        }
    }
}

/// Opens a span that is sampled as its parent is: the common case, in which nobody is asked.
#[inline]
fn follow(pipeline: PipelineId, origin: Origin, mut start: Start<'_>) -> Option<OpenSpan> {
    let time = clock::now();
    let (mut record, span_id) = local::record(pipeline)?;
    // `Given` is the one case in which the parent is not what is current.
    let parent = match std::mem::take(&mut start.parent) {
        Parent::Given(parent) => Some(parent),
        _ => None,
    };
    fill(&mut record, &mut start, origin, span_id, time);
    (start.attributes)(&mut Fields::new(&mut record.state_mut().attributes));
    add_code(&mut record, &start);
    Some(OpenSpan::recorded(record, parent.as_ref()))
}

impl Own {
    /// Opens a span of an annotated function in `parent`, if the sampler wants it.
    pub(super) fn open(&self, mut start: Start<'_>, parent: &Context) -> Option<OpenSpan> {
        let time = clock::now();
        // Evaluated once: before the sampler is asked if it is to see them, else only when it wants the span.
        let mut early = None;
        if self.sampler_sees_attributes {
            let mut list = self.limits.attributes_of_span();
            (start.attributes)(&mut Fields::new(&mut list));
            early = Some(list);
        }
        let shown: Vec<KeyValue> =
            early.as_mut().map(|list| decode::attributes(list.finish()).collect()).unwrap_or_default();
        let site = start.site;
        let name = start.name.as_deref().unwrap_or(site.name);
        match origin::decide(self, parent, name, &site.kind, &shown, &start.links) {
            Decision::Nothing => None,
            Decision::NotRecorded(span_context) => Some(OpenSpan::new(parent.with_remote_span_context(span_context))),
            Decision::Recorded(origin, added) => {
                let (mut record, span_id) = local::record(self.id)?;
                fill(&mut record, &mut start, origin, span_id, time);
                let attributes = &mut record.state_mut().attributes;
                match early {
                    Some(list) => attributes.append(&list),
                    None => (start.attributes)(&mut Fields::new(attributes)),
                }
                attributes.key_values(&added);
                add_code(&mut record, &start);
                Some(OpenSpan::recorded(record, Some(parent)))
            }
        }
    }
}

/// Fills in what is known of a function's span before its attributes are.
#[inline]
fn fill(record: &mut Record, start: &mut Start<'_>, origin: Origin, span_id: opentelemetry::SpanId, time: u64) {
    let site = start.site;
    let links = std::mem::take(&mut start.links);
    let scope = site.prepared().scope;
    describe(record, origin, span_id, Description { scope, name: site.name, kind: &site.kind, links, time });
    if let Some(name) = &start.name {
        record.state_mut().rename(name);
    }
}

#[inline]
fn add_code(record: &mut Record, start: &Start<'_>) {
    if let Some(code) = &start.site.prepared().code {
        record.state_mut().attributes.append(code);
    }
}

/// What is known of any span when it starts.
pub(super) struct Description<'a> {
    pub(super) scope: ScopeId,
    pub(super) name: &'static str,
    pub(super) kind: &'a SpanKind,
    pub(super) links: Vec<Link>,
    pub(super) time: u64,
}

/// Fills in what is known of any span when it starts.
#[inline]
pub(super) fn describe(record: &mut Record, origin: Origin, span_id: opentelemetry::SpanId, given: Description<'_>) {
    let limits = record.limits;
    let state = record.state_mut();
    state.scope = given.scope;
    state.name = given.name;
    state.kind = wire_span::kind_number(given.kind);
    state.parent_span_id = origin.parent_span_id;
    state.flags = wire_span::flags(origin.flags, origin.parent_is_remote);
    state.start = given.time;
    for link in &given.links {
        state.add_link(&limits, &link.span_context, &link.attributes);
    }
    let span_context: SpanContext = origin.span_context(span_id);
    record.span_context = span_context;
}
