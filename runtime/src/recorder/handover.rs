//! Writing to the current span without knowing whose it is.
//!
//! A context does not say what kind of span it holds, and OpenTelemetry's way to write to it costs a list of key-values.
//! Spans of ours answer differently to the one question that a context passes on unchanged, `is_recording`: they show the
//! limits that they were opened with and take what lies ready for them here, as it is.

use std::borrow::Cow;
use std::cell::Cell;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;

use super::local;
use super::record::{Limits, Record};
use super::wire::Attributes;

/// What lies ready for a span of ours.
enum Write {
    Attributes(Attributes),
    Event { name: Cow<'static, str>, time: u64, attributes: Attributes },
}

thread_local! {
    static WRITE: Cell<Option<Write>> = const { Cell::new(None) };
    static LIMITS: Cell<Option<Limits>> = const { Cell::new(None) };
}

/// Called by a span of ours when it is asked whether it is recording.
pub(super) fn answer(record: &Record) {
    LIMITS.set(Some(record.limits));
    // Gone in a thread that ends: nothing can lie ready there.
    let write = WRITE.try_with(Cell::take).ok().flatten();
    match write {
        None => {}
        Some(Write::Attributes(attributes)) => {
            record.set(&attributes);
            local::keep_list(attributes);
        }
        Some(Write::Event { name, time, mut attributes }) => {
            record.add_event(&name, time, &mut attributes);
            local::keep_list(attributes);
        }
    }
}

/// Who records the span that is current in a context.
pub(super) enum Recording {
    Nobody,
    /// A span of ours, with these limits.
    Ours(Limits),
    Foreign,
}

/// Who records the span that is current in `context`.
pub(super) fn ask(context: &Context) -> Recording {
    LIMITS.set(None);
    if !context.has_active_span() || !context.span().is_recording() {
        return Recording::Nobody;
    }
    LIMITS.take().map_or(Recording::Foreign, Recording::Ours)
}

fn send(context: &Context, write: Write) {
    if WRITE.try_with(|cell| cell.set(Some(write))).is_ok() {
        context.span().is_recording();
        // A span that ended in the meantime has taken it as well; another's left it.
        drop(WRITE.take());
    }
}

/// Sets `attributes` on the span of ours that is current in `context`.
pub(super) fn set(context: &Context, attributes: Attributes) {
    send(context, Write::Attributes(attributes));
}

/// Adds an event to the span of ours that is current in `context`.
pub(super) fn add_event(context: &Context, name: Cow<'static, str>, time: u64, attributes: Attributes) {
    send(context, Write::Event { name, time, attributes });
}
