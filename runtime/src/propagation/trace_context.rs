//! The headers `traceparent` and `tracestate`.

use std::sync::LazyLock;

use opentelemetry::Context;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceId, TraceState};

use super::ids::{current, hex, remote, trim};

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

/// More members than this make a `tracestate` invalid.
const MAX_MEMBERS: usize = 32;

/// The [W3C's trace context](https://www.w3.org/TR/trace-context/): `traceparent` and `tracestate`.
///
/// A `traceparent` that is malformed, or there twice, is as if it were not there; so is a `tracestate`, alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct TraceContext(());

impl TraceContext {
    /// The propagator.
    pub fn new() -> Self {
        Self(())
    }
}

impl TextMapPropagator for TraceContext {
    fn inject_context(&self, cx: &Context, injector: &mut dyn Injector) {
        let Some(span) = current(cx) else { return };
        let sampled = u8::from(span.is_sampled());
        injector.set(TRACEPARENT, format!("00-{}-{}-{sampled:02x}", span.trace_id(), span.span_id()));
        let state = match cx.get::<Unheld>() {
            // Those of another trace are not this one's.
            Some(unheld) if unheld.trace_id == span.trace_id() => unheld.with(span.trace_state()),
            _ => span.trace_state().header(),
        };
        // The specification: a sender should not send an empty one.
        if !state.is_empty() {
            injector.set(TRACESTATE, state);
        }
    }

    fn extract_with_context(&self, cx: &Context, extractor: &dyn Extractor) -> Context {
        match extract(extractor) {
            Some((span, members)) if members.is_empty() => cx.with_remote_span_context(span),
            Some((span, members)) => {
                let unheld = Unheld { trace_id: span.trace_id(), members };
                cx.with_remote_span_context(span).with_value(unheld)
            }
            None => cx.clone(),
        }
    }

    fn fields(&self) -> FieldIter<'_> {
        static FIELDS: LazyLock<[String; 2]> = LazyLock::new(|| [TRACEPARENT.to_owned(), TRACESTATE.to_owned()]);
        FieldIter::new(&*FIELDS)
    }
}

/// Members of a `tracestate` that [`TraceState`] can't hold, on their way to the next service: `opentelemetry` 0.33 takes the name of
/// a system for too long when it has all the 14 characters that it may have.
#[derive(Debug)]
struct Unheld {
    trace_id: TraceId,
    /// Each with its place.
    members: Vec<(usize, String)>,
}

impl Unheld {
    /// The header, with them in their places.
    fn with(&self, state: &TraceState) -> String {
        let header = state.header();
        let mut members: Vec<&str> = header.split(',').filter(|member| !member.is_empty()).collect();
        for (place, member) in &self.members {
            members.insert((*place).min(members.len()), member);
        }
        members.truncate(MAX_MEMBERS);
        members.join(",")
    }
}

fn extract(extractor: &dyn Extractor) -> Option<(SpanContext, Vec<(usize, String)>)> {
    let parents = extractor.get_all(TRACEPARENT)?;
    let [parent] = parents[..] else { return None };
    let parent = trim(parent);

    let mut parts = parent.split('-');
    let version = hex(parts.next()?, 2)?;
    let trace_id = hex(parts.next()?, 32)?;
    let span_id = hex(parts.next()?, 16)?;
    let flags = hex(parts.next()?, 2)?;
    // This version ends here; what a later one adds stands behind another dash.
    if version == 0xff || (version == 0 && parts.next().is_some()) {
        return None;
    }
    let states = extractor.get_all(TRACESTATE).unwrap_or_default();
    let (state, unheld) = state(&states).unwrap_or_default();
    Some((remote(trace_id, span_id, flags & 1 == 1, state)?, unheld))
}

/// The members of all `tracestate` headers, in order, and those that can't be held; none of them if one is malformed.
fn state(headers: &[&str]) -> Option<(TraceState, Vec<(usize, String)>)> {
    let mut members: Vec<(&str, &str)> = Vec::new();
    for member in headers.iter().flat_map(|header| header.split(',')).map(trim) {
        if member.is_empty() {
            continue;
        }
        let (key, value) = member.split_once('=')?;
        if !is_key(key) || !is_value(value) {
            return None;
        }
        // A key stands for its system's newest entry, which is the leftmost.
        if members.iter().all(|(known, _)| *known != key) {
            members.push((key, value));
        }
        if members.len() > MAX_MEMBERS {
            return None;
        }
    }
    let mut unheld = Vec::new();
    let mut place = 0;
    members.retain(|member| {
        let held = TraceState::from_key_value([*member]).is_ok();
        if !held {
            unheld.push((place, format!("{}={}", member.0, member.1)));
        }
        place += 1;
        held
    });
    Some((TraceState::from_key_value(members).ok()?, unheld))
}

/// `key` or `tenant@system`, each of its own length.
fn is_key(key: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/".contains(&byte);
    let part = |part: &str, digit: bool, length: usize| {
        let first = part.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || (digit && b.is_ascii_digit()));
        first && part.len() <= length && part.bytes().all(allowed)
    };
    match key.split_once('@') {
        // Level 2 of the specification lets a key begin with a digit.
        None => part(key, true, 256),
        Some((tenant, system)) => part(tenant, true, 241) && part(system, false, 14),
    }
}

fn is_value(value: &str) -> bool {
    let allowed = |byte: u8| (0x20..0x7f).contains(&byte) && byte != b',' && byte != b'=';
    (1..=256).contains(&value.len()) && value.bytes().all(allowed)
}
