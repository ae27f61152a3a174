//! Ids as headers spell them.

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};

/// The white space that may stand around a header's value and its members.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// A number in exactly `digits` lower-case hexadecimal digits. `from_str_radix` alone takes signs and any length.
pub(super) fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (text.len() == digits && text.bytes().all(is_hex)).then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

/// A number in one to `digits` hexadecimal digits of either case.
pub(super) fn loose_hex(text: &str, digits: usize) -> Option<u128> {
    let fits = (1..=digits).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

/// The span of another process, if the ids are some.
pub(super) fn remote(trace_id: u128, span_id: u128, sampled: bool, state: TraceState) -> Option<SpanContext> {
    let flags = if sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let span_id = u64::try_from(span_id).ok()?;
    let span = SpanContext::new(TraceId::from(trace_id), SpanId::from(span_id), flags, true, state);
    span.is_valid().then_some(span)
}

/// The span that is current in `cx`, if there is one.
pub(super) fn current(cx: &Context) -> Option<SpanContext> {
    let span = cx.span();
    let span = span.span_context();
    span.is_valid().then(|| span.clone())
}

/// Whether a caller decided that nothing is recorded, or everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Debug;

/// `cx` with the debug flag that came with a request: it goes on to those that this one makes.
pub(super) fn with_debug(cx: Context, debug: bool) -> Context {
    if debug { cx.with_value(Debug) } else { cx }
}

pub(super) fn is_debug(cx: &Context) -> bool {
    cx.get::<Debug>().is_some()
}
