//! A trace as a picture: a tree on the left, bars on one time axis on the right.

use std::time::{Duration, SystemTime};

use opentelemetry::KeyValue;
use opentelemetry::trace::{Event, SpanKind, Status};
use opentelemetry_sdk::trace::SpanData;

use super::style::Style;
use super::text::{cut, duration, escaped, value, width};
use super::traces::{Drawing, Part};
use super::tree::{Item, Row, Tree};

/// The durations stand in so many columns.
const DURATION: usize = 9;
/// A shorter time axis says nothing: it is left out.
const SHORTEST_AXIS: usize = 12;
/// Lines of a stack trace, or of an error's cause chain, that are shown.
const MOST_LINES: usize = 6;

/// How to draw.
#[derive(Debug, Clone, Copy)]
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) colour: bool,
}

/// A line that is made of styled pieces.
struct Line {
    text: String,
    columns: usize,
    canvas: Canvas,
}

impl Line {
    fn push(&mut self, style: Style, text: &str) -> &mut Self {
        style.paint(&mut self.text, text, self.canvas.colour);
        self.columns += width(text);
        self
    }

    fn pad(&mut self, columns: usize) -> &mut Self {
        let missing = columns.saturating_sub(self.columns);
        self.push(Style::Plain, &" ".repeat(missing))
    }

    fn end(self, out: &mut String) {
        // Padding at a line's end is only noise in a file.
        out.push_str(self.text.trim_end_matches(' '));
        out.push('\n');
    }
}

/// Where the columns are, and what the axis spans.
struct Layout {
    canvas: Canvas,
    label: usize,
    axis: usize,
    start: SystemTime,
    total: Duration,
}

/// Draws `drawing`, with an empty line after it.
pub(super) fn draw(drawing: &Drawing, canvas: Canvas) -> String {
    let tree = Tree::new(&drawing.spans);
    let layout = Layout::new(&drawing.spans, &tree, canvas);
    let mut out = String::new();
    layout.heading(drawing, &mut out);
    layout.scale(&mut out);
    for row in &tree.rows {
        match row.item {
            Item::Span(span) => layout.span(row, span, &mut out),
            Item::Event(span, event) => layout.event(row, span, event, &mut out),
        }
    }
    if tree.left_out > 0 {
        let mut line = canvas.line();
        line.push(Style::Dim, &format!("… and {} not drawn", spans(tree.left_out)));
        line.end(&mut out);
    }
    out.push('\n');
    out
}

fn spans(count: usize) -> String {
    if count == 1 { "1 span".to_owned() } else { format!("{count} spans") }
}

impl Canvas {
    fn line(self) -> Line {
        Line { text: String::new(), columns: 0, canvas: self }
    }
}

impl Layout {
    fn new(spans: &[SpanData], tree: &Tree<'_>, canvas: Canvas) -> Self {
        let start = spans.iter().map(|span| span.start_time).min().unwrap_or(SystemTime::UNIX_EPOCH);
        let end = spans.iter().map(|span| span.end_time).max().unwrap_or(start);
        let total = end.duration_since(start).unwrap_or_default();
        let widest = tree.rows.iter().map(|row| label_width(row)).max().unwrap_or_default();
        let label = widest.clamp(12, (canvas.width * 45 / 100).max(12));
        let rest = canvas.width.saturating_sub(label + 2 + DURATION + 2);
        let axis = if rest < SHORTEST_AXIS { 0 } else { rest };
        Self { canvas, label, axis, start, total }
    }

    fn line(&self) -> Line {
        self.canvas.line()
    }

    /// `── POST /books/ · 245 ms · 6 spans · trace 4bf9… ──────`
    fn heading(&self, drawing: &Drawing, out: &mut String) {
        let errors = drawing.spans.iter().filter(|span| failed(span)).count();
        let top = top(drawing);
        let name = top.map_or_else(String::new, |span| escaped(&span.name));
        let name = match drawing.part {
            Part::Whole => name,
            Part::Late => format!("… {name}, late"),
            Part::Open => format!("{name} …, root still open"),
        };
        let failed = if errors > 0 { format!(" · {errors} failed") } else { String::new() };
        let facts = format!(" · {} · {}", duration(self.total), spans(drawing.spans.len()));
        let trace = drawing.trace.to_string();
        let taken = "──  · trace ".chars().count() + width(&facts) + width(&failed) + width(&trace);
        let mut line = self.line();
        line.push(Style::Dim, "── ");
        line.push(Style::Bold, &cut(&name, self.canvas.width.saturating_sub(taken).max(12)));
        line.push(Style::Dim, &facts).push(Style::Error, &failed);
        line.push(Style::Dim, " · trace ").push(Style::Plain, &trace);
        let rest = self.canvas.width.saturating_sub(line.columns + 1);
        if rest > 0 {
            line.push(Style::Dim, &format!(" {}", "─".repeat(rest)));
        }
        line.end(out);
    }

    /// The ends of the time axis.
    fn scale(&self, out: &mut String) {
        if self.axis == 0 {
            return;
        }
        let end = duration(self.total);
        let mut line = self.line();
        line.pad(self.label + 2 + DURATION + 2).push(Style::Dim, "0");
        line.pad(self.canvas.width.saturating_sub(width(&end))).push(Style::Dim, &end);
        line.end(out);
    }

    fn span(&self, row: &Row<'_>, span: &SpanData, out: &mut String) {
        let failed = failed(span);
        let style = if failed { Style::Error } else { Style::of(&span.span_kind) };
        let took = span.end_time.duration_since(span.start_time).unwrap_or_default();
        let mut line = self.line();
        let tail = tail(span);
        let room = self.branch(&mut line, row).saturating_sub(width(&tail));
        let name = if row.branch.is_empty() && !failed { Style::Bold } else { Style::Plain };
        line.push(if failed { Style::Error } else { name }, &cut(&escaped(&span.name), room));
        match &span.status {
            Status::Ok => line.push(Style::Success, &tail),
            Status::Error { .. } => line.push(Style::Error, &tail),
            Status::Unset => line.push(Style::Dim, &tail),
        };
        self.measure(&mut line, Style::Plain, &duration(took));
        self.bar(&mut line, style, span);
        line.end(out);
        self.beneath(row, span, out);
    }

    /// The lines beneath a span: its error, its attributes, its links.
    fn beneath(&self, row: &Row<'_>, span: &SpanData, out: &mut String) {
        if span.parent_span_is_remote && span.parent_span_id != opentelemetry::trace::SpanId::INVALID {
            let mut line = self.line();
            line.push(Style::Dim, &row.below);
            line.push(Style::Event, "[REMOTE PARENT]");
            line.push(Style::Dim, &format!(" {}", span.parent_span_id));
            line.end(out);
        }
        if let Status::Error { description } = &span.status
            && !description.is_empty()
        {
            let mut line = self.line();
            line.push(Style::Dim, &row.below);
            let room = self.canvas.width.saturating_sub(line.columns);
            line.push(Style::Error, &cut(&escaped(&format!("error: {description}")), room));
            line.end(out);
        }
        self.attributes(&row.below, &span.attributes, span.dropped_attributes_count, out);
        for link in &span.links.links {
            let mut line = self.line();
            line.push(Style::Dim, &row.below);
            let (trace, id) = (link.span_context.trace_id(), link.span_context.span_id());
            line.push(Style::Dim, &format!("→ linked to {id} of trace {trace}"));
            line.end(out);
        }
        for (count, what) in [(span.events.dropped_count, "events"), (span.links.dropped_count, "links")] {
            if count > 0 {
                let mut line = self.line();
                line.push(Style::Dim, &format!("{}({count} more {what} were dropped)", row.below));
                line.end(out);
            }
        }
    }

    fn event(&self, row: &Row<'_>, span: &SpanData, event: &Event, out: &mut String) {
        let exception = event.name == "exception";
        let style = if exception { Style::Error } else { Style::Event };
        let offset = event.timestamp.duration_since(self.start).unwrap_or_default();
        let mut line = self.line();
        let room = self.branch(&mut line, row);
        line.push(style, "◆ ");
        line.push(style, &cut(&escaped(&event.name), room.saturating_sub(2)));
        self.measure(&mut line, Style::Dim, &format!("+{}", duration(offset)));
        self.mark(&mut line, style, event.timestamp.clamp(self.start, span.end_time.max(self.start)));
        line.end(out);
        let is_trace = |attribute: &&KeyValue| exception && attribute.key.as_str() == "exception.stacktrace";
        let shown: Vec<KeyValue> = event.attributes.iter().filter(|a| !is_trace(a)).cloned().collect();
        self.attributes(&row.below, &shown, event.dropped_attributes_count, out);
        if let Some(trace) = event.attributes.iter().find(is_trace) {
            // A chain of causes begins with the message, which stands above already.
            let message = event.attributes.iter().find(|a| a.key.as_str() == "exception.message");
            let message = message.map(|message| message.value.to_string()).unwrap_or_default();
            let chain = trace.value.to_string();
            self.lines(&row.below, chain.strip_prefix(&message).unwrap_or(&chain), out);
        }
    }

    /// A text of several lines, such as an error's cause chain.
    fn lines(&self, below: &str, text: &str, out: &mut String) {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        for text in lines.by_ref().take(MOST_LINES) {
            let mut line = self.line();
            line.push(Style::Dim, below);
            let room = self.canvas.width.saturating_sub(line.columns);
            line.push(Style::Dim, &cut(&escaped(text.trim_end()), room));
            line.end(out);
        }
        let left_out = lines.count();
        if left_out > 0 {
            let mut line = self.line();
            line.push(Style::Dim, &format!("{below}… {left_out} more lines"));
            line.end(out);
        }
    }

    /// `key=value  key=value`, on as many lines as they need.
    fn attributes(&self, below: &str, attributes: &[KeyValue], dropped: u32, out: &mut String) {
        let indent = width(below);
        let room = self.canvas.width.saturating_sub(indent).max(20);
        let mut line = self.line();
        for attribute in attributes {
            let key = cut(&escaped(attribute.key.as_str()), room / 2);
            let value = cut(&value(&attribute.value), room - width(&key) - 1);
            let needed = width(&key) + 1 + width(&value);
            if line.columns > 0 && line.columns + 2 + needed > indent + room {
                std::mem::replace(&mut line, self.line()).end(out);
            }
            if line.columns == 0 {
                line.push(Style::Dim, below);
            } else {
                line.push(Style::Plain, "  ");
            }
            line.push(Style::Dim, &format!("{key}="));
            line.push(Style::Plain, &value);
        }
        if dropped > 0 {
            let text = format!("({dropped} more attributes were dropped)");
            let gap = if line.columns == 0 { below } else { "  " };
            line.push(Style::Dim, gap).push(Style::Dim, &text);
        }
        if line.columns > 0 {
            line.end(out);
        }
    }

    /// The branches, and how many columns are left for the name.
    fn branch(&self, line: &mut Line, row: &Row<'_>) -> usize {
        let most = self.label / 2;
        let branch = &row.branch;
        if width(branch) <= most {
            line.push(Style::Dim, branch);
        } else {
            // Deeper than the column is wide: the nearest branches are what is looked at.
            let skip = branch.chars().count() - (most - 1);
            let near: String = branch.chars().skip(skip).collect();
            line.push(Style::Dim, &format!("⋯{near}"));
        }
        self.label.saturating_sub(line.columns)
    }

    fn measure(&self, line: &mut Line, style: Style, text: &str) {
        line.pad(self.label + 2 + DURATION.saturating_sub(width(text)));
        line.push(style, text);
        if self.axis > 0 {
            line.pad(self.label + 2 + DURATION + 2);
        }
    }

    /// The place of `time` on the axis, in eighths of a column.
    fn place(&self, time: SystemTime) -> usize {
        let offset = time.duration_since(self.start).unwrap_or_default();
        if self.total.is_zero() {
            return 0;
        }
        let share = offset.as_secs_f64() / self.total.as_secs_f64();
        (share.clamp(0.0, 1.0) * (self.axis * 8) as f64).round() as usize
    }

    fn bar(&self, line: &mut Line, style: Style, span: &SpanData) {
        if self.axis == 0 {
            return;
        }
        let (start, end) = (self.place(span.start_time), self.place(span.end_time));
        // However short, it is seen, and inside the axis.
        let first = (start / 8).min(self.axis - 1);
        let eighths = end.saturating_sub(first * 8).clamp(1, (self.axis - first) * 8);
        let mut bar = "█".repeat(eighths / 8);
        if let Some(part) = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"].get((eighths % 8).wrapping_sub(1)) {
            bar.push_str(part);
        }
        line.push(Style::Plain, &" ".repeat(first));
        line.push(style, &bar);
    }

    fn mark(&self, line: &mut Line, style: Style, time: SystemTime) {
        if self.axis > 0 {
            let column = (self.place(time) / 8).min(self.axis - 1);
            line.push(Style::Plain, &" ".repeat(column));
            line.push(style, "◆");
        }
    }
}

fn failed(span: &SpanData) -> bool {
    matches!(span.status, Status::Error { .. })
}

/// What stands behind a span's name: its kind, and how it ended.
fn tail(span: &SpanData) -> String {
    let kind = match span.span_kind {
        SpanKind::Internal => "",
        SpanKind::Server => " (server)",
        SpanKind::Client => " (client)",
        SpanKind::Producer => " (producer)",
        SpanKind::Consumer => " (consumer)",
    };
    let status = match span.status {
        Status::Unset => "",
        Status::Ok => " ✓",
        Status::Error { .. } => " ✗",
    };
    format!("{kind}{status}")
}

fn label_width(row: &Row<'_>) -> usize {
    width(&row.branch)
        + match row.item {
            Item::Span(span) => width(&escaped(&span.name)) + width(&tail(span)),
            Item::Event(_, event) => 2 + width(&escaped(&event.name)),
        }
}

/// The span that a drawing is named after: the root, or the first.
fn top(drawing: &Drawing) -> Option<&SpanData> {
    let root =
        |span: &&SpanData| span.parent_span_id == opentelemetry::trace::SpanId::INVALID || span.parent_span_is_remote;
    drawing.spans.iter().find(root).or_else(|| drawing.spans.iter().min_by_key(|span| span.start_time))
}
