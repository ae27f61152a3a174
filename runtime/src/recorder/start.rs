//! Opening a span.

use std::ptr::NonNull;

use opentelemetry::trace::{SpanContext, SpanId, SpanKind, TraceContextExt, TraceState};
use opentelemetry::{Context, KeyValue};

use super::open::{Fresh, Opening};
use super::origin::{self, Decision, Origin, Verdict};
use super::own::Own;
use super::record::Record;
use super::scope::ScopeId;
use super::wire::span::{self as wire_span, Head};
use super::wire::{Attributes, Keys, ValueLimit, decode};
use super::{OpenSpan, clock, local, mode};
use crate::span::{Parent, Site, Start};
use crate::value::{Fields, Value};

/// What the recorder makes of a call site once, when it is first used.
///
/// Every thread reads it for every span: what another one writes must not lie on the same line of the cache.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Prepared {
    pub(super) scope: ScopeId,
    /// Those of the attributes that are given as mere values.
    keys: Keys,
    /// Its `code.*` attributes, if it is to have them.
    code: Option<Attributes>,
}

impl Prepared {
    pub(crate) fn new(scope: &'static str, keys: &'static str, code: Option<[KeyValue; 3]>) -> Self {
        let code = code.map(|list| {
            let mut attributes = Attributes::new(wire_span::ATTRIBUTES);
            attributes.key_values(&list);
            attributes
        });
        let scope = ScopeId::of(opentelemetry::InstrumentationScope::builder(scope).build());
        Self { scope, keys: Keys::of(keys), code }
    }
}

/// Whether a span under what is current may be recorded. This is all that a span costs where its parent is not sampled.
pub(crate) fn may_record_here() -> bool {
    let mode = mode::bits();
    if !mode.has(mode::ON) || !local::is_alive() {
        return false;
    }
    Context::map_current(|parent| !origin::settles(parent, mode))
}

/// Opens a span of `site` under what is current: what nearly every annotated function does. `None` as for [`open`].
pub(crate) fn enter(site: &'static Site, attributes: &mut dyn FnMut(&mut Fields<'_>)) -> Opening {
    match look(site) {
        Found::Nothing => Opening::Nobody,
        Found::Started(record) => Opening::Fresh(complete(record, site, attributes)),
        Found::Unsettled => ask(Start::new(site, attributes)),
    }
}

/// What a look at the parent has brought, in one word that nothing drops: it is on its way through code that is compiled
/// again for each annotated function.
#[derive(Clone, Copy)]
pub(crate) struct Looked(NonNull<Record>);

/// Somebody has to be asked. No record is there.
const UNSETTLED: NonNull<Record> = NonNull::dangling();

/// Looks at the parent for a span of `site`. `None`: nobody records it, and this is all that it costs.
#[inline]
pub(crate) fn look_ahead(site: &'static Site) -> Option<Looked> {
    match look(site) {
        Found::Nothing => None,
        Found::Started(record) => Some(Looked(NonNull::from(Box::leak(record)))),
        Found::Unsettled => Some(Looked(UNSETTLED)),
    }
}

/// As [`enter`], with the values of the attributes whose keys the site has.
///
/// # Safety
///
/// `looked` is what [`look_ahead`] gave for `site`, and is used once.
#[inline]
pub(crate) unsafe fn enter_each(looked: Looked, site: &'static Site, values: &[&dyn Value]) -> Opening {
    if looked.0 == UNSETTLED {
        return ask_each(site, values);
    }
    // SAFETY: it is a record that `look_ahead` leaked, and nobody else takes it.
    let record = unsafe { Box::from_raw(looked.0.as_ptr()) };
    Opening::Fresh(complete_each(record, site, values))
}

#[inline]
fn complete_each(mut record: Box<Record>, site: &'static Site, values: &[&dyn Value]) -> Fresh {
    let mut unopened = record.unopened();
    Fields::new(&mut unopened.state_mut().attributes).set_each(&site.prepared().keys, values);
    unopened.opens();
    add_code(&mut record, site);
    Fresh::new(record)
}

#[cold]
fn ask_each(site: &'static Site, values: &[&dyn Value]) -> Opening {
    ask(Start::new(site, &mut |fields| fields.set_each(&site.prepared().keys, values)))
}

/// Opens the span that `start` describes. `None` when nobody records it and no context of its own is needed: what runs
/// inside then nests under whatever is current already.
pub(crate) fn open(start: Start<'_>) -> Opening {
    let (site, name) = (start.site, start.name.as_deref());
    let follow = |parent: Option<&SpanContext>| match (parent, name) {
        (Some(parent), None) => follow(parent, site),
        (Some(parent), Some(name)) => follow_named(parent, site, name),
        (None, None) => begin(site),
        (None, Some(name)) => begin_named(site, name),
    };
    let (found, parent) = match &start.parent {
        Parent::Current => (look_with(follow), None),
        Parent::Given(parent) => (look_at(parent, follow), Some(parent)),
        Parent::Root | Parent::Remote(_) => (Found::Unsettled, None),
    };
    match found {
        Found::Nothing => Opening::Nobody,
        Found::Started(mut record) => {
            say_more(&mut record, &start);
            Opening::of(complete(record, start.site, start.attributes), parent)
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

#[inline(always)]
fn look(site: &'static Site) -> Found {
    // By value: on the stack it would have to be put there first.
    look_with(move |parent| match parent {
        Some(parent) => follow(parent, site),
        None => begin(site),
    })
}

/// Looks at what is current; `follow` makes the record of a span that is sampled as its parent is, or as the root of a trace.
#[inline(always)]
fn look_with(follow: impl FnOnce(Option<&SpanContext>) -> Option<Box<Record>>) -> Found {
    if !local::is_alive() {
        return Found::Nothing;
    }
    // Nothing of the application's runs inside, which might attach a context and find them borrowed.
    Context::map_current(move |parent| look_from(parent, follow))
}

fn look_at(parent: &Context, follow: impl FnOnce(Option<&SpanContext>) -> Option<Box<Record>>) -> Found {
    if local::is_alive() { look_from(parent, follow) } else { Found::Nothing }
}

#[inline(always)]
fn look_from(parent: &Context, follow: impl FnOnce(Option<&SpanContext>) -> Option<Box<Record>>) -> Found {
    // Read here, since what is known before has to be kept in registers that somebody has to save.
    match origin::verdict(parent, mode::bits()) {
        Verdict::Nothing => Found::Nothing,
        Verdict::Follow(parent) => follow(Some(parent.span_context())).map_or(Found::Unsettled, Found::Started),
        Verdict::Root => follow(None).map_or(Found::Unsettled, Found::Started),
        Verdict::Ask => Found::Unsettled,
    }
}

/// A record for a span of `site` that is sampled as its parent is.
#[inline(never)]
fn follow(parent: &SpanContext, site: &'static Site) -> Option<Box<Record>> {
    follow_as(parent, site, site.name())
}

/// The same, with a name of its own.
#[inline(never)]
fn follow_named(parent: &SpanContext, site: &'static Site, name: &str) -> Option<Box<Record>> {
    follow_as(parent, site, clipped(name))
}

/// Limits of attributes are not for names; but no memory is without one.
pub(super) fn clipped(name: &str) -> &str {
    ValueLimit::default().clip(name)
}

#[inline(always)]
fn follow_as(parent: &SpanContext, site: &'static Site, name: &str) -> Option<Box<Record>> {
    let pipeline = mode::get().installed?;
    let time = clock::now();
    local::record_at_hand(pipeline, |record, ids| {
        let origin = Origin::child_of(parent);
        let span_id = ids.span_id();
        let given = Description::of(site, name, time);
        // Twice, so that the compiler knows that there is nothing in it to be moved: the move would wait for what
        // was just written.
        if *parent.trace_state() == TraceState::NONE {
            describe(record, &origin, origin.span_context(span_id, TraceState::NONE), &given);
        } else {
            describe_traced(record, &origin, span_id, parent.trace_state(), &given);
        }
    })
}

/// A record for a span of `site` that is the root of a trace, and sampled.
#[inline(never)]
fn begin(site: &'static Site) -> Option<Box<Record>> {
    begin_named(site, site.name())
}

/// The same, with a name of its own.
#[inline(never)]
fn begin_named(site: &'static Site, name: &str) -> Option<Box<Record>> {
    let pipeline = mode::get().installed?;
    let time = clock::now();
    local::record_at_hand(pipeline, |record, ids| {
        let origin = Origin::sampled_root(ids.trace_id());
        let given = Description::of(site, clipped(name), time);
        describe(record, &origin, origin.span_context(ids.span_id(), TraceState::NONE), &given);
    })
}

/// Opens a span about which somebody has to be asked.
#[cold]
fn ask(start: Start<'_>) -> Opening {
    let mode = mode::get();
    if !mode.has(mode::ON) || !local::is_alive() {
        return Opening::Nobody;
    }
    let parent = start.parent_context();
    // Nothing that other threads write to is touched on this way, as on that of a child.
    if !mode.has(mode::CAPTURES)
        && let Some(own) = mode.installed.and_then(local::own_at_hand)
    {
        return own.open(start, &parent);
    }
    super::pipeline_of(&parent).map_or(Opening::Nobody, |pipeline| pipeline.open(start, &parent))
}

/// Writes what only some spans have.
fn say_more(record: &mut Record, start: &Start<'_>) {
    let limits = record.limits;
    let mut unopened = record.unopened();
    let state = unopened.state_mut();
    // What redacts their attributes is the application's.
    for link in &start.links {
        state.add_link(&limits, &link.span_context, &link.attributes);
    }
    unopened.opens();
}

/// Writes the attributes.
#[inline]
fn complete(mut record: Box<Record>, site: &'static Site, attributes: &mut dyn FnMut(&mut Fields<'_>)) -> Fresh {
    let mut unopened = record.unopened();
    attributes(&mut Fields::new(&mut unopened.state_mut().attributes));
    unopened.opens();
    add_code(&mut record, site);
    Fresh::new(record)
}

impl Own {
    /// Opens a span of an annotated function in `parent`, if the sampler wants it.
    pub(super) fn open(&self, start: Start<'_>, parent: &Context) -> Opening {
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
            Decision::Nothing => Opening::Nobody,
            Decision::NotRecorded(span_context) => {
                Opening::Open(Box::new(OpenSpan::new(parent.with_remote_span_context(span_context))))
            }
            Decision::Recorded(origin, trace_state, added) => {
                let described = local::record(self.id, |record, span_id| {
                    let given = Description::of(site, clipped(name), time);
                    describe(record, &origin, origin.span_context(span_id, trace_state), &given);
                });
                let Some(mut record) = described else { return Opening::Nobody };
                say_more(&mut record, &start);
                let mut unopened = record.unopened();
                let attributes = &mut unopened.state_mut().attributes;
                match early {
                    Some(list) => attributes.append(&list),
                    None => (start.attributes)(&mut Fields::new(attributes)),
                }
                attributes.key_values(&added);
                unopened.opens();
                add_code(&mut record, site);
                let here = matches!(start.parent, Parent::Current);
                Opening::of(Fresh::new(record), (!here).then_some(parent))
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
    pub(super) name: &'a str,
    pub(super) kind: &'a SpanKind,
    pub(super) time: u64,
}

impl<'a> Description<'a> {
    #[inline]
    fn of(site: &'static Site, name: &'a str, time: u64) -> Self {
        Self { scope: site.prepared().scope, name, kind: &site.kind, time }
    }
}

#[cold]
fn describe_traced(record: &mut Record, origin: &Origin, span_id: SpanId, state: &TraceState, given: &Description<'_>) {
    describe(record, origin, origin.span_context(span_id, state.clone()), given);
}

/// Fills in what is known of any span when it starts.
#[inline]
pub(super) fn describe(record: &mut Record, origin: &Origin, span_context: SpanContext, given: &Description<'_>) {
    let flags = wire_span::flags(origin.flags, origin.parent_is_remote);
    let state = record.state_mut();
    state.scope = given.scope;
    state.flags = flags;
    state.start = given.time;
    state.attributes.begin(&Head {
        trace_id: origin.trace_id.to_bytes(),
        span_id: span_context.span_id().to_bytes(),
        parent_span_id: origin.parent_span_id.to_bytes(),
        flags,
        kind: wire_span::kind_number(given.kind),
        start: given.time,
        name: given.name,
    });
    record.span_context = span_context;
}
