//! One record as one line.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::time::{Duration, SystemTime};

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata};

use super::Format;

/// The line, with its end.
pub(super) fn of(format: Format, metadata: &Metadata<'_>, event: &Event<'_>) -> String {
    let mut fields = Fields::default();
    event.record(&mut fields);
    let head = (metadata.level().as_str(), metadata.target());
    Context::map_current(|cx| line(format, head, &fields, cx.span().span_context()))
}

/// The line of a record that is not from `tracing`.
pub(super) fn said(
    format: Format,
    level: &str,
    target: &str,
    message: &str,
    others: Vec<(String, String)>,
    span: &SpanContext,
) -> String {
    let others = others.into_iter().map(|(key, text)| (Cow::Owned(key), Value { text, is_json: false })).collect();
    line(format, (level, target), &Fields { message: message.to_owned(), others }, span)
}

fn line(format: Format, head: (&str, &str), fields: &Fields, span: &SpanContext) -> String {
    let mut ids: Vec<(&str, String)> = Vec::with_capacity(3);
    if span.is_valid() {
        ids.push(("trace_id", span.trace_id().to_string()));
        ids.push(("span_id", span.span_id().to_string()));
    }
    ids.extend(super::correlation_id().map(|id| ("correlation.id", id.to_string())));
    let time = timestamp(SystemTime::now());
    match format {
        Format::Text => text(&time, head, fields, &ids),
        Format::Json => json(&time, head, fields, &ids),
    }
}

fn text(time: &str, (level, target): (&str, &str), fields: &Fields, ids: &[(&str, String)]) -> String {
    // What is logged may come from outside: a line stays one line.
    let mut text = format!("{time} {level:>5} {target}: {}", escaped(&fields.message));
    for (key, value) in &fields.others {
        let _ = write!(text, " {key}={}", escaped(&value.text));
    }
    for (key, value) in ids {
        let _ = write!(text, " {key}={}", escaped(value));
    }
    text.push('\n');
    text
}

fn json(time: &str, (level, target): (&str, &str), fields: &Fields, ids: &[(&str, String)]) -> String {
    let mut text = String::from("{");
    let mut member = |key: &str, value: &str| {
        let comma = if text.len() > 1 { "," } else { "" };
        let _ = write!(text, "{comma}{}:{value}", quoted(key));
    };
    member("timestamp", &quoted(time));
    member("severity", &quoted(level));
    member("target", &quoted(target));
    member("body", &quoted(&fields.message));
    if !fields.others.is_empty() {
        let pair = |(key, value): &(Cow<'static, str>, Value)| match value.is_json {
            true => format!("{}:{}", quoted(key), value.text),
            false => format!("{}:{}", quoted(key), quoted(&value.text)),
        };
        member("attributes", &format!("{{{}}}", fields.others.iter().map(pair).collect::<Vec<_>>().join(",")));
    }
    for (key, value) in ids {
        member(key, &quoted(value));
    }
    text.push_str("}\n");
    text
}

/// What a record says.
#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(Cow<'static, str>, Value)>,
}

struct Value {
    text: String,
    /// A number or boolean, which JSON has without quotes.
    is_json: bool,
}

impl Fields {
    fn push(&mut self, field: &Field, text: String, is_json: bool) {
        match field.name() {
            "message" => self.message = text,
            // What the bridge from `log` adds is in the metadata.
            name if name.starts_with("log.") => {}
            name => self.others.push((Cow::Borrowed(name), Value { text, is_json })),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.push(field, format!("{value:?}"), false);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push(field, value.to_owned(), false);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, value.to_string(), true);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, value.to_string(), true);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, value.to_string(), value.is_finite());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, value.to_string(), true);
    }
}

/// Without line breaks, escape sequences and the like.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// RFC 3339, in UTC, to the millisecond.
fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    // Days to a date: Howard Hinnant's `civil_from_days`, for dates after 1970.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", since.subsec_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        let at = |seconds: u64| timestamp(SystemTime::UNIX_EPOCH + Duration::from_millis(seconds * 1000 + 7));
        assert_eq!(at(0), "1970-01-01T00:00:00.007Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00.007Z");
        assert_eq!(at(1_795_355_100), "2026-11-22T13:45:00.007Z");
        assert_eq!(at(4_107_542_399), "2100-02-28T23:59:59.007Z");
        assert_eq!(at(4_107_542_400), "2100-03-01T00:00:00.007Z");
    }

    #[test]
    fn what_comes_from_outside_starts_no_line_and_ends_no_string() {
        assert_eq!(escaped("a\nb\u{1b}[31m é"), "a\\nb\\u{1b}[31m é");
        assert_eq!(quoted("a\"\\\n\u{7f}"), "\"a\\\"\\\\\\u000a\\u007f\"");
    }
}
