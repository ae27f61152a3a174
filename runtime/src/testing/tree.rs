//! Captured spans as text: a tree without ids and times, for snapshots.

use std::fmt::{self, Display, Write as _};

use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{Array, KeyValue, Value};

use super::{CapturedSpan, Spans};

/// The spans as a tree: names, kinds, attributes, events and statuses; siblings in the order in which they started. Ids,
/// times and durations are left out, so that the same run gives the same text.
///
/// ```
/// use traced::{event, span, traced};
///
/// #[traced(attrs(n), err(exception = false))]
/// fn half(n: i64) -> Result<i64, String> {
///     event!("halving", by = 2);
///     if n % 2 == 0 { Ok(n / 2) } else { Err("odd".into()) }
/// }
///
/// let (_, spans) = traced::testing::capture(|| span!("both", || (half(4), half(3))));
/// assert_eq!(spans.to_string(), r#"both
///   half
///     n = 4
///     * halving, by = 2
///   half: error "odd"
///     n = 3
///     error.type = "alloc::string::String"
///     * halving, by = 2
/// "#);
/// ```
impl Display for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_root = |span: &&CapturedSpan| !self.iter().any(|other| other.span_id() == span.parent_span_id);
        write_siblings(f, self, self.iter().filter(is_root).collect(), 0)
    }
}

fn write_siblings(
    f: &mut fmt::Formatter<'_>,
    spans: &Spans,
    mut siblings: Vec<&CapturedSpan>,
    depth: usize,
) -> fmt::Result {
    siblings.sort_by_key(|span| span.start_time);
    for span in siblings {
        write_span(f, span, depth)?;
        write_siblings(f, spans, spans.children(span).collect(), depth + 1)?;
    }
    Ok(())
}

fn write_span(f: &mut fmt::Formatter<'_>, span: &CapturedSpan, depth: usize) -> fmt::Result {
    let indent = "  ".repeat(depth);
    write!(f, "{indent}{}", span.name)?;
    match span.kind {
        SpanKind::Internal => {}
        SpanKind::Server => f.write_str(" (server)")?,
        SpanKind::Client => f.write_str(" (client)")?,
        SpanKind::Producer => f.write_str(" (producer)")?,
        SpanKind::Consumer => f.write_str(" (consumer)")?,
    }
    match &span.status {
        Status::Unset => {}
        Status::Ok => f.write_str(": ok")?,
        Status::Error { description } if description.is_empty() => f.write_str(": error")?,
        Status::Error { description } => write!(f, ": error {description:?}")?,
    }
    f.write_char('\n')?;
    for attribute in &span.attributes {
        writeln!(f, "{indent}  {}", Shown(attribute))?;
    }
    for event in &span.events {
        write!(f, "{indent}  * {}", event.name)?;
        for attribute in &event.attributes {
            write!(f, ", {}", Shown(attribute))?;
        }
        f.write_char('\n')?;
    }
    for link in &span.links {
        let kind = if link.span_context.is_remote() { "remote span" } else { "span" };
        writeln!(f, "{indent}  -> {kind}")?;
    }
    Ok(())
}

/// `key = value`, where what is text stands in quotes.
struct Shown<'a>(&'a KeyValue);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = ", self.0.key)?;
        match &self.0.value {
            Value::Bool(value) => write!(f, "{value}"),
            Value::I64(value) => write!(f, "{value}"),
            Value::F64(value) => write!(f, "{value:?}"),
            Value::String(value) => write!(f, "{:?}", value.as_str()),
            Value::Array(Array::Bool(values)) => write!(f, "{values:?}"),
            Value::Array(Array::I64(values)) => write!(f, "{values:?}"),
            Value::Array(Array::F64(values)) => write!(f, "{values:?}"),
            Value::Array(Array::String(values)) => {
                f.debug_list().entries(values.iter().map(opentelemetry::StringValue::as_str)).finish()
            }
            other => write!(f, "{other}"),
        }
    }
}
