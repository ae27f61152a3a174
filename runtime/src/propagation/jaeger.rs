//! The headers of Jaeger's former clients.

use std::sync::LazyLock;

use opentelemetry::baggage::BaggageExt;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceState};
use opentelemetry::{Context, KeyValue};

use super::ids::{current, is_debug, loose_hex, remote, with_debug};
use super::percent::{decoded, encoded};

const SPAN: &str = "uber-trace-id";
const BAGGAGE: &str = "uberctx-";

/// [Jaeger's own format](https://www.jaegertracing.io/sdk-migration/#propagation-format): `uber-trace-id`, and baggage in a
/// header for each key, `uberctx-key`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Jaeger(());

impl Jaeger {
    /// The propagator: `OTEL_PROPAGATORS=jaeger`.
    pub fn new() -> Self {
        Self(())
    }
}

impl TextMapPropagator for Jaeger {
    fn inject_context(&self, cx: &Context, injector: &mut dyn Injector) {
        if let Some(span) = current(cx) {
            let flags = u8::from(span.is_sampled()) | if is_debug(cx) { 2 } else { 0 };
            injector.set(SPAN, format!("{}:{}:0:{flags:x}", span.trace_id(), span.span_id()));
        }
        for (key, (value, _)) in cx.baggage() {
            let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
            injector.set(&format!("{BAGGAGE}{key}"), encoded(value.as_str(), unreserved));
        }
    }

    fn extract_with_context(&self, cx: &Context, extractor: &dyn Extractor) -> Context {
        let mut cx = match extractor.get(SPAN).and_then(|header| span(&decoded(header.trim()))) {
            Some((span, debug)) => with_debug(cx.with_remote_span_context(span), debug),
            None => cx.clone(),
        };
        let baggage: Vec<KeyValue> = extractor
            .keys()
            .into_iter()
            .filter_map(|name| {
                let key = name.get(..BAGGAGE.len()).filter(|start| start.eq_ignore_ascii_case(BAGGAGE))?;
                let value = decoded(extractor.get(name)?).into_owned();
                Some(KeyValue::new(name[key.len()..].to_owned(), value))
            })
            .collect();
        if !baggage.is_empty() {
            cx = cx.with_baggage(baggage);
        }
        cx
    }

    fn fields(&self) -> FieldIter<'_> {
        static FIELDS: LazyLock<[String; 1]> = LazyLock::new(|| [SPAN.to_owned()]);
        FieldIter::new(&*FIELDS)
    }
}

/// `{trace id}:{span id}:{parent's id}:{flags}`, ids without their leading zeros.
fn span(header: &str) -> Option<(SpanContext, bool)> {
    let mut parts = header.split(':');
    let (trace_id, span_id) = (loose_hex(parts.next()?, 32)?, loose_hex(parts.next()?, 16)?);
    let _parent = loose_hex(parts.next()?, 16)?;
    let flags = loose_hex(parts.next()?, 2)?;
    if parts.next().is_some() {
        return None;
    }
    let debug = flags & 2 == 2;
    Some((remote(trace_id, span_id, flags & 1 == 1 || debug, TraceState::default())?, debug))
}
