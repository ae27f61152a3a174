//! The headers of Zipkin.

use std::sync::LazyLock;

use opentelemetry::Context;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceState};

use super::ids::{current, hex, is_debug, remote, with_debug};

const SINGLE: &str = "b3";
const TRACE_ID: &str = "x-b3-traceid";
const SPAN_ID: &str = "x-b3-spanid";
const SAMPLED: &str = "x-b3-sampled";
const FLAGS: &str = "x-b3-flags";

/// [B3](https://github.com/openzipkin/b3-propagation), as Zipkin's libraries speak it: in one header or in several.
///
/// Both forms are read, the single header first, as [OpenTelemetry's
/// specification](https://opentelemetry.io/docs/specs/otel/context/api-propagators/#b3-requirements) has it.
#[derive(Debug, Clone, Copy)]
pub struct B3 {
    multiple: bool,
}

impl B3 {
    /// Writes one header, `b3`: `OTEL_PROPAGATORS=b3`.
    pub fn single() -> Self {
        Self { multiple: false }
    }

    /// Writes a header for each part, `x-b3-traceid` and so on: `OTEL_PROPAGATORS=b3multi`.
    pub fn multiple() -> Self {
        Self { multiple: true }
    }
}

impl TextMapPropagator for B3 {
    fn inject_context(&self, cx: &Context, injector: &mut dyn Injector) {
        let Some(span) = current(cx) else { return };
        let sampled = if span.is_sampled() { "1" } else { "0" };
        if self.multiple {
            injector.set(TRACE_ID, span.trace_id().to_string());
            injector.set(SPAN_ID, span.span_id().to_string());
            if is_debug(cx) {
                injector.set(FLAGS, "1".to_owned());
            } else {
                injector.set(SAMPLED, sampled.to_owned());
            }
        } else {
            let state = if is_debug(cx) { "d" } else { sampled };
            injector.set(SINGLE, format!("{}-{}-{state}", span.trace_id(), span.span_id()));
        }
    }

    fn extract_with_context(&self, cx: &Context, extractor: &dyn Extractor) -> Context {
        let single = extractor.get(SINGLE).and_then(|header| single(header.trim()));
        match single.or_else(|| several(extractor)) {
            Some((span, debug)) => with_debug(cx.with_remote_span_context(span), debug),
            None => cx.clone(),
        }
    }

    fn fields(&self) -> FieldIter<'_> {
        static ONE: LazyLock<[String; 1]> = LazyLock::new(|| [SINGLE.to_owned()]);
        static SEVERAL: LazyLock<[String; 4]> =
            LazyLock::new(|| [TRACE_ID, SPAN_ID, SAMPLED, FLAGS].map(str::to_owned));
        if self.multiple { FieldIter::new(&*SEVERAL) } else { FieldIter::new(&*ONE) }
    }
}

/// 128 bits, or 64 of the older kind.
fn trace_id(text: &str) -> Option<u128> {
    hex(text, 32).or_else(|| hex(text, 16))
}

/// `{trace id}-{span id}[-{sampling state}[-{parent's id}]]`; a state alone says nothing of a span.
fn single(header: &str) -> Option<(SpanContext, bool)> {
    let mut parts = header.split('-');
    let (trace_id, span_id) = (trace_id(parts.next()?)?, hex(parts.next()?, 16)?);
    let state = parts.next();
    if let Some(parent) = parts.next() {
        hex(parent, 16)?;
    }
    if parts.next().is_some() {
        return None;
    }
    let sampled = match state {
        Some("1" | "d") => true,
        // Without a state the decision is ours; a parent's flag is what there is to tell the sampler.
        Some("0") | None => false,
        Some(_) => return None,
    };
    Some((remote(trace_id, span_id, sampled, TraceState::default())?, state == Some("d")))
}

fn several(extractor: &dyn Extractor) -> Option<(SpanContext, bool)> {
    let trace_id = trace_id(extractor.get(TRACE_ID)?.trim())?;
    let span_id = hex(extractor.get(SPAN_ID)?.trim(), 16)?;
    let debug = extractor.get(FLAGS).is_some_and(|flags| flags.trim() == "1");
    // Early implementations wrote words.
    let sampled = extractor.get(SAMPLED).is_some_and(|sampled| matches!(sampled.trim(), "1" | "true"));
    Some((remote(trace_id, span_id, sampled || debug, TraceState::default())?, debug))
}
