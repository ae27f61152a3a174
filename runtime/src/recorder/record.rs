//! What is known of a span while it is open.

use std::mem;

use opentelemetry::trace::{SpanContext, Status, TraceState};
use opentelemetry_sdk::trace::SpanLimits;

use super::local;
use super::log::entry::Entry;
use super::own::PipelineId;
use super::raw::{Lock, Owner};
use super::scope::ScopeId;
use super::wire::span::{self as wire_span, ATTRIBUTES, EVENT_ATTRIBUTES, LINK_ATTRIBUTES, Parts, Rest};
use super::wire::{Attributes, ValueLimit, ValueRules};
use super::{clock, fork};

/// What a pipeline lets a span grow to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) span: SpanLimits,
    pub(crate) values: ValueRules,
}

impl Limits {
    /// An empty list for attributes of a span.
    pub(super) fn attributes_of_span(&self) -> Attributes {
        let mut list = Attributes::new(ATTRIBUTES);
        self.for_span(&mut list);
        list
    }

    /// Empties `list` for attributes of a span. How many it may have is seen when they are added to the span: some may
    /// overwrite what is there.
    pub(super) fn for_span(&self, list: &mut Attributes) {
        list.reset(ATTRIBUTES, u32::MAX, self.values);
    }

    /// An empty list for attributes of an event.
    pub(super) fn attributes_of_event(&self) -> Attributes {
        let mut list = Attributes::new(EVENT_ATTRIBUTES);
        self.for_event(&mut list);
        list
    }

    /// Empties `list` for attributes of an event.
    pub(super) fn for_event(&self, list: &mut Attributes) {
        list.reset(EVENT_ATTRIBUTES, self.span.max_attributes_per_event, self.values);
    }
}

/// An open span: what never changes, and behind a lock what does.
///
/// It belongs to the span object in an OpenTelemetry context. When the last clone of that context is gone its memory is
/// used for another span of the thread it went away on.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) span_context: SpanContext,
    pub(super) limits: Limits,
    pub(super) pipeline: PipelineId,
    /// Closed when the span has ended.
    state: Lock<State>,
}

/// What changes while a span is open.
#[derive(Debug)]
pub(super) struct State {
    pub(super) scope: ScopeId,
    /// `Span.flags`
    pub(super) flags: u32,
    /// Nanoseconds since the Unix epoch.
    pub(super) start: u64,
    /// Behind what else is known of the span from its start.
    pub(super) attributes: Attributes,
    more: More,
    /// Whether there is anything in `more`.
    has_more: bool,
}

/// What most spans do not have.
#[derive(Debug, Default)]
struct More {
    /// Events and links, encoded.
    others: Vec<u8>,
    events: Counted,
    links: Counted,
    status: Status,
}

/// How many there are, and how many there are not.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    kept: u32,
    dropped: u32,
}

impl Counted {
    /// Whether one more is kept; counts it in either case.
    fn admit(&mut self, max: u32) -> bool {
        let admitted = self.kept < max;
        *(if admitted { &mut self.kept } else { &mut self.dropped }) += 1;
        admitted
    }
}

/// A retired record keeps buffers of up to this many bytes for its next span.
const KEPT_BUFFER: usize = 4 * 1024;

impl Record {
    pub(super) fn new(pipeline: PipelineId, limits: Limits) -> Box<Self> {
        let mut attributes = Attributes::new(ATTRIBUTES);
        attributes.reset(ATTRIBUTES, limits.span.max_attributes_per_span, limits.values);
        let state = State { scope: ScopeId(0), flags: 0, start: 0, attributes, more: More::default(), has_more: false };
        Box::new(Self { span_context: SpanContext::NONE, limits, pipeline, state: Lock::new(state) })
    }

    /// Empties it, for another span.
    #[inline]
    pub(super) fn clear(&mut self) {
        let state = self.state.get_mut();
        state.attributes.clear();
        state.attributes.shrink_to(KEPT_BUFFER);
        if state.has_more {
            state.has_more = false;
            state.more.clear();
        }
    }

    /// For a span of another pipeline.
    #[cold]
    pub(super) fn change_to(&mut self, pipeline: PipelineId, limits: Limits) {
        self.pipeline = pipeline;
        self.limits = limits;
        self.state_mut().attributes.reset(ATTRIBUTES, limits.span.max_attributes_per_span, limits.values);
    }

    /// How many bytes its buffers hold.
    #[cfg(test)]
    pub(super) fn capacity(&mut self) -> usize {
        let state = self.state.get_mut();
        state.attributes.capacity() + state.more.others.capacity()
    }

    /// For as long as what the application is asked for its span may panic: then that has ended.
    #[inline]
    pub(super) fn unopened(&mut self) -> Unopened<'_> {
        Unopened(self)
    }

    /// The state, before anybody else can see the record: without a lock.
    #[inline]
    pub(super) fn state_mut(&mut self) -> &mut State {
        self.state.get_mut()
    }

    #[inline]
    pub(super) fn lock(&self) -> &Lock<State> {
        &self.state
    }

    #[inline]
    pub(super) fn lock_mut(&mut self) -> &mut Lock<State> {
        &mut self.state
    }

    /// Nobody owns it any more. A span that was not ended ends now, as it does in the SDK.
    #[inline]
    pub(super) fn retire(self: Box<Self>) {
        if !self.is_recording() || fork::is_forked() {
            return local::recycle(self);
        }
        if !self.span_context.is_sampled() {
            local::discard(self.pipeline);
            return local::recycle(self);
        }
        local::append_and_recycle(self);
    }

    /// Puts the span together, which ends now, for `append`.
    #[inline]
    pub(super) fn finish(&mut self, append: impl FnOnce(&Entry<'_>)) {
        let Self { span_context, state, .. } = self;
        state.get_mut().finish(span_context, None, append);
    }

    #[inline]
    pub(super) fn is_recording(&self) -> bool {
        !self.state.is_closed()
    }

    /// Runs `write` under the lock, unless the span has ended.
    #[inline]
    fn write(&self, write: impl FnOnce(&mut State)) {
        self.state.with(write);
    }

    /// Adds attributes that were written to a list [for a span](Limits::for_span).
    pub(super) fn set(&self, attributes: &Attributes) {
        self.write(|state| state.attributes.append(attributes));
    }

    /// Sets the attributes that `write` writes, under the lock.
    #[cfg(feature = "warp")]
    pub(super) fn set_with(&self, write: impl FnOnce(&mut Attributes)) {
        self.write(|state| write(&mut state.attributes));
    }

    /// Sets an attribute.
    pub(super) fn set_attribute(&self, attribute: &opentelemetry::KeyValue) {
        if self.limits.values.redactor.is_none() {
            return self.write(|state| state.attributes.key_values([attribute]));
        }
        // What redacts is the application's: where it panics, half an attribute must not stay behind.
        if self.is_recording() {
            let mut list = self.limits.attributes_of_span();
            list.key_values([attribute]);
            self.set(&list);
        }
    }

    /// Adds an event whose attributes were written to a list [for an event](Limits::for_event).
    pub(super) fn add_event(&self, name: &str, time: u64, attributes: &mut Attributes) {
        self.write(|state| state.add_event(&self.limits, name, time, attributes));
    }

    /// Adds a link.
    pub(super) fn add_link(&self, to: &SpanContext, attributes: &[opentelemetry::KeyValue]) {
        self.write(|state| state.add_link(&self.limits, to, attributes));
    }

    /// Sets the status; `Ok` is final, and nothing unsets it.
    pub(super) fn set_status(&self, status: Status) {
        let status = self.limits.values.status(status);
        self.write(|state| {
            if status > state.more.status {
                state.more().status = status;
            }
        });
    }

    /// Gives the span another name.
    pub(super) fn update_name(&self, name: &str) {
        self.write(|state| state.rename(name));
    }

    /// Gives the span a name that consists of `parts`, which are short.
    #[cfg(feature = "warp")]
    pub(super) fn name_of(&self, parts: &[&str]) {
        self.write(|state| state.attributes.rename(parts));
    }

    /// Ends the span of `owner`, which is given up, after `part`, which lets go of its context.
    #[inline]
    pub(super) fn conclude(owner: Owner, part: impl FnOnce()) {
        // Nearly always the context of the span is gone then: nobody else is there to lock out.
        match owner.outlive(part) {
            Ok(record) => record.retire(),
            Err(owner) => owner.end(None),
        }
    }

    /// Ends the span, now or at `time`: it goes to the log of this thread.
    pub(super) fn end(&self, time: Option<u64>) {
        if !fork::is_forked() {
            local::meet(self.pipeline);
            self.state.close_with(|state| {
                // A span that is recorded but not sampled was for whoever looked at it while it was open.
                match self.span_context.is_sampled() {
                    true => state.finish(&self.span_context, time, |entry| local::append(self.pipeline, entry)),
                    false => local::discard(self.pipeline),
                }
            });
        }
    }
}

/// A span that has started and is not open yet. Dropped, it has ended and is not recorded.
pub(super) struct Unopened<'a>(&'a mut Record);

impl Unopened<'_> {
    #[inline]
    pub(super) fn state_mut(&mut self) -> &mut State {
        self.0.state_mut()
    }

    /// Nothing that may panic comes any more.
    #[inline]
    pub(super) fn opens(self) {
        mem::forget(self);
    }
}

impl Drop for Unopened<'_> {
    #[cold]
    fn drop(&mut self) {
        local::discard(self.0.pipeline);
    }
}

impl State {
    #[inline]
    fn more(&mut self) -> &mut More {
        self.has_more = true;
        &mut self.more
    }

    /// Gives the span another name.
    pub(super) fn rename(&mut self, name: &str) {
        // Limits of attributes are not for names; but no memory is without one.
        self.attributes.rename(&[ValueLimit::default().clip(name)]);
    }

    pub(super) fn add_event(&mut self, limits: &Limits, name: &str, time: u64, attributes: &mut Attributes) {
        let more = self.more();
        if more.events.admit(limits.span.max_events_per_span) {
            let name = ValueLimit::default().clip(name);
            let dropped = attributes.dropped();
            wire_span::put_event(&mut more.others, time, name, attributes.finish(), dropped);
        }
    }

    pub(super) fn add_link(&mut self, limits: &Limits, to: &SpanContext, attributes: &[opentelemetry::KeyValue]) {
        let more = self.more();
        if more.links.admit(limits.span.max_links_per_span) {
            let mut list = Attributes::new(LINK_ATTRIBUTES);
            list.reset(LINK_ATTRIBUTES, limits.span.max_attributes_per_link, limits.values);
            list.key_values(attributes);
            let dropped = list.dropped();
            wire_span::put_link(&mut more.others, to, list.finish(), dropped);
        }
    }

    /// Puts the span together, which ends now or at `time`, for `append`.
    #[inline]
    pub(super) fn finish(&mut self, span_context: &SpanContext, time: Option<u64>, append: impl FnOnce(&Entry<'_>)) {
        // A clock that was set back does not make a span end before it starts.
        let end = time.unwrap_or_else(|| clock::now().max(self.start));
        let dropped = self.attributes.dropped();
        let bytes = self.attributes.finish_with_head();
        let trace_state = span_context.trace_state();
        let mut parts = Parts { bytes, end, rest: None };
        let rest;
        if self.has_more || dropped > 0 || *trace_state != TraceState::NONE {
            rest = self.more.rest(trace_state, dropped);
            parts.rest = Some(&rest);
        }
        append(&Entry::new(parts, self.scope, self.flags));
    }
}

impl More {
    #[inline(never)]
    fn rest(&self, trace_state: &TraceState, dropped_attributes: u32) -> Rest<'_> {
        let (status, status_message) = match &self.status {
            Status::Unset => (0, ""),
            Status::Ok => (wire_span::STATUS_OK, ""),
            Status::Error { description } => (wire_span::STATUS_ERROR, &**description),
        };
        Rest {
            trace_state: trace_state.header(),
            dropped_attributes,
            others: &self.others,
            dropped_events: self.events.dropped,
            dropped_links: self.links.dropped,
            status,
            status_message,
        }
    }

    fn clear(&mut self) {
        self.others.clear();
        self.others.shrink_to(KEPT_BUFFER);
        self.events = Counted::default();
        self.links = Counted::default();
        self.status = Status::Unset;
    }
}
