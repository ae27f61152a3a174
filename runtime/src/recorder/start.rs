//! Opening a span.

use opentelemetry::trace::{SpanKind, TraceContextExt};
use opentelemetry::{Context, KeyValue};

use super::mode::Mode;
use super::origin::{self, Decision, Origin, Verdict};
use super::own::Own;
use super::record::Record;
use super::scope::ScopeId;
use super::wire::{Attributes, decode, span as wire_span};
use super::{OpenSpan, clock, local, mode};
use crate::span::{Parent, Site, Start};
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

/// Opens a span of `site` under what is current: what nearly every annotated function does. `None` as for [`open`].
pub(crate) fn enter(site: &'static Site, attributes: &mut dyn FnMut(&mut Fields<'_>)) -> Option<OpenSpan> {
    match look(site) {
        Found::Nothing => None,
        Found::Started(record) => Some(publish(record, site, attributes, None)),
        Found::Unsettled => ask(Start::new(site, attributes)),
    }
}

/// Opens the span that `start` describes. `None` when nobody records it and no context of its own is needed: what runs
/// inside then nests under whatever is current already.
pub(crate) fn open(start: Start<'_>) -> Option<OpenSpan> {
    let (found, parent) = match &start.parent {
        Parent::Current => (look(start.site), None),
        Parent::Given(parent) => (look_at(parent, start.site), Some(parent)),
        Parent::Root | Parent::Remote(_) => (Found::Unsettled, None),
    };
    match found {
        Found::Nothing => None,
        Found::Started(mut record) => {
            say_more(&mut record, &start);
            Some(publish(record, start.site, start.attributes, parent))
        }
        Found::Unsettled => ask(start),
    }
}

/// What a look at the parent has brought.
enum Found {
    /// Nobody records the span.
    Nothing,
    /// It is sampled as its parent is.
    Started(Box<Record>),
    /// Somebody has to be asked.
    Unsettled,
}

#[inline]
fn look(site: &'static Site) -> Found {
    let mode = mode::get();
    if !mode.has(mode::ON) || !local::is_alive() {
        return Found::Nothing;
    }
    // Nothing of the application's runs inside, which might attach a context and find them borrowed.
    Context::map_current(|parent| look_from(parent, mode, site))
}

fn look_at(parent: &Context, site: &'static Site) -> Found {
    let mode = mode::get();
    if !mode.has(mode::ON) || !local::is_alive() {
        return Found::Nothing;
    }
    look_from(parent, mode, site)
}

#[inline]
fn look_from(parent: &Context, mode: Mode, site: &'static Site) -> Found {
    match origin::verdict(parent, mode) {
        Verdict::Nothing => Found::Nothing,
        Verdict::Follow(pipeline, parent) => {
            let time = clock::now();
            let record = local::record_at_hand(pipeline, |record, span_id| {
                describe(record, Origin::child_of(parent.span_context()), span_id, &Description::of(site, time));
            });
            record.map_or(Found::Unsettled, Found::Started)
        }
        Verdict::Ask => Found::Unsettled,
    }
}

/// Opens a span about which somebody has to be asked.
#[cold]
fn ask(start: Start<'_>) -> Option<OpenSpan> {
    if !mode::get().has(mode::ON) || !local::is_alive() {
        return None;
    }
    let parent = start.parent_context();
    let pipeline = super::pipeline_of(&parent)?;
    pipeline.open(start, &parent)
}

/// Writes what only some spans have.
fn say_more(record: &mut Record, start: &Start<'_>) {
    let limits = record.limits;
    let state = record.state_mut();
    if let Some(name) = &start.name {
        state.rename(name);
    }
    for link in &start.links {
        state.add_link(&limits, &link.span_context, &link.attributes);
    }
}

/// Writes the attributes, before anybody else can see the record, and makes a context of it.
#[inline]
fn publish(
    mut record: Box<Record>,
    site: &'static Site,
    attributes: &mut dyn FnMut(&mut Fields<'_>),
    parent: Option<&Context>,
) -> OpenSpan {
    attributes(&mut Fields::new(&mut record.state_mut().attributes));
    add_code(&mut record, site);
    OpenSpan::recorded(record, parent)
}

impl Own {
    /// Opens a span of an annotated function in `parent`, if the sampler wants it.
    pub(super) fn open(&self, start: Start<'_>, parent: &Context) -> Option<OpenSpan> {
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
        let name = start.name.as_deref().unwrap_or(site.name());
        match origin::decide(self, parent, name, &site.kind, &shown, &start.links) {
            Decision::Nothing => None,
            Decision::NotRecorded(span_context) => Some(OpenSpan::new(parent.with_remote_span_context(span_context))),
            Decision::Recorded(origin, added) => {
                let mut record = local::record(self.id, |record, span_id| {
                    describe(record, origin, span_id, &Description::of(site, time));
                })?;
                say_more(&mut record, &start);
                let attributes = &mut record.state_mut().attributes;
                match early {
                    Some(list) => attributes.append(&list),
                    None => (start.attributes)(&mut Fields::new(attributes)),
                }
                attributes.key_values(&added);
                add_code(&mut record, site);
                Some(OpenSpan::recorded(record, Some(parent)))
            }
        }
    }
}

#[inline]
fn add_code(record: &mut Record, site: &'static Site) {
    if let Some(code) = &site.prepared().code {
        record.state_mut().attributes.append(code);
    }
}

/// What is known of any span when it starts.
pub(super) struct Description<'a> {
    pub(super) scope: ScopeId,
    pub(super) name: &'static str,
    pub(super) kind: &'a SpanKind,
    pub(super) time: u64,
}

impl Description<'static> {
    #[inline]
    fn of(site: &'static Site, time: u64) -> Self {
        Self { scope: site.prepared().scope, name: site.name(), kind: &site.kind, time }
    }
}

/// Fills in what is known of any span when it starts.
#[inline]
pub(super) fn describe(record: &mut Record, origin: Origin, span_id: opentelemetry::SpanId, given: &Description<'_>) {
    let state = record.state_mut();
    state.scope = given.scope;
    state.name = given.name;
    state.kind = wire_span::kind_number(given.kind);
    state.parent_span_id = origin.parent_span_id;
    state.flags = wire_span::flags(origin.flags, origin.parent_is_remote);
    state.start = given.time;
    record.span_context = origin.span_context(span_id);
}
