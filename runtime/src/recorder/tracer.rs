//! A tracer provider for everybody else's spans: those of libraries that use `opentelemetry::global` take the same path.

use std::sync::Arc;

use opentelemetry::trace::{SpanBuilder, SpanContext, SpanKind, Tracer, TracerProvider};
use opentelemetry::{Context, InstrumentationScope};

use super::origin::{self, Decision};
use super::own::Own;
use super::raw::Owner;
use super::scope::ScopeId;
use super::span::RecordedSpan;
use super::start::{Description, clipped, describe};
use super::{clock, local, mode, pipeline_of};

/// A tracer provider whose spans end in a pipeline of ours.
#[derive(Debug, Clone)]
pub(crate) struct RecordingProvider(pub(super) Arc<Own>);

/// A tracer of a [`RecordingProvider`].
#[derive(Debug, Clone)]
pub(crate) struct RecordingTracer {
    own: Arc<Own>,
    scope: ScopeId,
}

impl TracerProvider for RecordingProvider {
    type Tracer = RecordingTracer;

    fn tracer_with_scope(&self, scope: InstrumentationScope) -> RecordingTracer {
        RecordingTracer { own: Arc::clone(&self.0), scope: ScopeId::of(scope) }
    }
}

impl Tracer for RecordingTracer {
    type Span = RecordedSpan;

    fn build_with_context(&self, builder: SpanBuilder, parent: &Context) -> RecordedSpan {
        let mode = mode::get();
        if !mode.has(mode::ON) || !local::is_alive() {
            return RecordedSpan::not_recording(SpanContext::NONE);
        }
        // Inside of a capture its spans are captured as well.
        let captured = if mode.has(mode::CAPTURES) { pipeline_of(parent) } else { None };
        let own = captured.as_ref().and_then(|pipeline| pipeline.own()).unwrap_or(&self.own);
        self.build(own, builder, parent)
    }
}

impl RecordingTracer {
    fn build(&self, own: &Own, builder: SpanBuilder, parent: &Context) -> RecordedSpan {
        let SpanBuilder { span_kind, name, start_time, attributes, events, links } = builder;
        let kind = span_kind.unwrap_or(SpanKind::Internal);
        let attributes = attributes.unwrap_or_default();
        let links = links.unwrap_or_default();
        let decision = origin::decide(own, parent, &name, &kind, &attributes, &links);
        let (origin, trace_state, added) = match decision {
            Decision::Nothing => return RecordedSpan::not_recording(inherited(parent)),
            Decision::NotRecorded(span_context) => return RecordedSpan::not_recording(span_context),
            Decision::Recorded(origin, trace_state, added) => (origin, trace_state, added),
        };
        let time = start_time.map_or_else(clock::now, clock::nanos);
        let given = Description { scope: self.scope, name: clipped(&name), kind: &kind, time };
        let filled = local::record(own.id, |record, span_id| {
            describe(record, &origin, origin.span_context(span_id, trace_state), &given);
        });
        let Some(mut record) = filled else { return RecordedSpan::not_recording(SpanContext::NONE) };
        let limits = record.limits;
        // What redacts values is the application's, and may panic.
        let mut unopened = record.unopened();
        let state = unopened.state_mut();
        for link in &links {
            state.add_link(&limits, &link.span_context, &link.attributes);
        }
        state.attributes.key_values(attributes.iter().chain(&added));
        for event in events.into_iter().flatten() {
            let mut list = limits.attributes_of_event();
            list.key_values(&event.attributes);
            state.add_event(&limits, &event.name, clock::nanos(event.timestamp), &mut list);
        }
        unopened.opens();
        RecordedSpan::recording(Owner::only(record))
    }
}

/// The ids of the parent: a span that is not recorded and has no context of its own hands them on.
fn inherited(parent: &Context) -> SpanContext {
    use opentelemetry::trace::TraceContextExt;
    if parent.is_telemetry_suppressed() { SpanContext::NONE } else { parent.span().span_context().clone() }
}
