//! What a span takes over from its parent, and whether it is to be.

use opentelemetry::Context;
use opentelemetry::KeyValue;
use opentelemetry::trace::{
    Link, SpanContext, SpanId, SpanKind, SpanRef, TraceContextExt, TraceFlags, TraceId, TraceState,
};
use opentelemetry_sdk::trace::SamplingDecision;

use super::local;
use super::mode::{Bits, CAPTURES, ON, PARENT_BASED, RECORDS_ROOTS};
use super::own::Own;

/// What a span takes over from its parent.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) trace_id: TraceId,
    /// All zeros for the root of a trace.
    pub(super) parent_span_id: SpanId,
    pub(super) parent_is_remote: bool,
    pub(super) flags: TraceFlags,
}

impl Origin {
    /// That of a child of `parent`, which is valid.
    #[inline]
    pub(super) fn child_of(parent: &SpanContext) -> Self {
        Self {
            trace_id: parent.trace_id(),
            parent_span_id: parent.span_id(),
            parent_is_remote: parent.is_remote(),
            flags: parent.trace_flags(),
        }
    }

    /// That of the first span of a trace.
    fn root(trace_id: TraceId) -> Self {
        let flags = TraceFlags::default();
        Self { trace_id, parent_span_id: SpanId::INVALID, parent_is_remote: false, flags }
    }

    /// The same, which is sampled.
    #[inline]
    pub(super) fn sampled_root(trace_id: TraceId) -> Self {
        Self { flags: TraceFlags::SAMPLED, ..Self::root(trace_id) }
    }

    #[inline]
    pub(super) fn span_context(&self, span_id: SpanId, trace_state: TraceState) -> SpanContext {
        SpanContext::new(self.trace_id, span_id, self.flags, false, trace_state)
    }
}

/// What the parent alone says of a span.
pub(super) enum Verdict<'p> {
    /// It is not recorded, and what runs in it nests under its parent.
    Nothing,
    /// It is sampled as its parent is.
    Follow(SpanRef<'p>),
    /// It is the first one of a trace, and sampled.
    Root,
    /// Somebody has to be asked.
    Ask,
}

/// Whether `parent` alone says that a span that starts in it is not recorded.
#[inline]
pub(super) fn settles(parent: &Context, mode: Bits) -> bool {
    if parent.is_telemetry_suppressed() {
        return true;
    }
    if mode.has(CAPTURES) || !mode.has(PARENT_BASED) || !parent.has_active_span() {
        return false;
    }
    let span = parent.span();
    let parent = span.span_context();
    !parent.is_sampled() && parent.is_valid()
}

/// What `parent` alone says of a span that starts in it. Reads a few words: this is all that an unsampled span costs.
#[inline(always)]
pub(super) fn verdict(parent: &Context, mode: Bits) -> Verdict<'_> {
    if !mode.has(ON) || parent.is_telemetry_suppressed() {
        return Verdict::Nothing;
    }
    if mode.has(CAPTURES) || !mode.has(PARENT_BASED) {
        return Verdict::Ask;
    }
    let span = parent.span();
    let parent = span.span_context();
    if !parent.is_valid() {
        return if mode.has(RECORDS_ROOTS) { Verdict::Root } else { Verdict::Ask };
    }
    if !parent.is_sampled() {
        return Verdict::Nothing;
    }
    Verdict::Follow(span)
}

/// What was decided about a span.
pub(super) enum Decision {
    /// It is not recorded, and what runs in it nests under its parent.
    Nothing,
    /// It is not recorded, but what runs in it has to know.
    NotRecorded(SpanContext),
    /// It is recorded, with this trace state and attributes that the sampler has added.
    Recorded(Origin, TraceState, Vec<KeyValue>),
}

/// What the sampler of `own` makes of a span that starts in `parent`.
pub(super) fn decide(
    own: &Own,
    parent: &Context,
    name: &str,
    kind: &SpanKind,
    attributes: &[KeyValue],
    links: &[Link],
) -> Decision {
    let span = parent.span();
    let parent_span = span.span_context();
    if parent.is_telemetry_suppressed() || own.is_closed() {
        return Decision::Nothing;
    }
    if parent_span.is_valid() && own.settled.parent_based {
        return match parent_span.is_sampled() {
            true => Decision::Recorded(Origin::child_of(parent_span), parent_span.trace_state().clone(), Vec::new()),
            false => Decision::Nothing,
        };
    }
    let Some((new_trace_id, span_id)) = local::ids(own) else { return Decision::Nothing };
    // `Sampler::ParentBased` takes an invalid parent for an unsampled one; for the specification it is none.
    let rootless = Context::new();
    let (mut origin, nests_in) = match (parent_span.is_valid(), parent.has_active_span()) {
        (true, _) => (Origin::child_of(parent_span), parent),
        (false, true) => (Origin::root(new_trace_id), &rootless),
        (false, false) => (Origin::root(new_trace_id), parent),
    };
    let result = own.sampler.should_sample(Some(nests_in), origin.trace_id, name, kind, attributes, links);
    match result.decision {
        SamplingDecision::Drop => {
            origin.flags = TraceFlags::default();
            Decision::NotRecorded(origin.span_context(span_id, result.trace_state))
        }
        SamplingDecision::RecordOnly => {
            origin.flags = origin.flags.with_sampled(false);
            Decision::Recorded(origin, result.trace_state, result.attributes)
        }
        SamplingDecision::RecordAndSample => {
            origin.flags = origin.flags.with_sampled(true);
            Decision::Recorded(origin, result.trace_state, result.attributes)
        }
    }
}
