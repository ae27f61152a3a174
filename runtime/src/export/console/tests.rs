//! The pictures.

use std::borrow::Cow;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{Event, Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use super::draw::{Canvas, draw};
use super::traces::{Drawing, Part};
use super::*;

/// A span to be drawn; times are in milliseconds.
#[derive(Debug, Clone)]
pub(super) struct SpanBuilder {
    trace: u128,
    data: SpanData,
}

fn at(milliseconds: f64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000) + Duration::from_secs_f64(milliseconds / 1000.0)
}

/// The span number `id`, from 0 to 10 ms.
pub(super) fn span(id: u64, name: &str) -> SpanBuilder {
    let context = SpanContext::new(TraceId::from(1), SpanId::from(id), TraceFlags::SAMPLED, false, TraceState::NONE);
    let data = SpanData {
        span_context: context,
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: Cow::Owned(name.to_owned()),
        start_time: at(0.0),
        end_time: at(10.0),
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::default(),
    };
    SpanBuilder { trace: 1, data }
}

impl SpanBuilder {
    pub(super) fn of(mut self, trace: u128) -> Self {
        self.trace = trace;
        self
    }

    pub(super) fn under(mut self, id: u64) -> Self {
        self.data.parent_span_id = SpanId::from(id);
        self
    }

    pub(super) fn remote(mut self) -> Self {
        self.data.parent_span_is_remote = true;
        self
    }

    fn from(mut self, start: f64, took: f64) -> Self {
        self.data.start_time = at(start);
        self.data.end_time = at(start + took);
        self
    }

    fn kind(mut self, kind: SpanKind) -> Self {
        self.data.span_kind = kind;
        self
    }

    fn set(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.data.attributes.push(KeyValue::new(key, value));
        self
    }

    fn event(mut self, time: f64, name: &'static str, attributes: Vec<KeyValue>) -> Self {
        self.data.events.events.push(Event::new(name, at(time), attributes, 0));
        self
    }

    fn status(mut self, status: Status) -> Self {
        self.data.status = status;
        self
    }

    pub(super) fn build(&self) -> SpanData {
        let mut data = self.data.clone();
        let id = data.span_context.span_id();
        data.span_context =
            SpanContext::new(TraceId::from(self.trace), id, TraceFlags::SAMPLED, false, TraceState::NONE);
        data
    }
}

fn picture(width: usize, part: Part, spans: &[SpanBuilder]) -> String {
    let spans = spans.iter().map(SpanBuilder::build).collect();
    draw(&Drawing { trace: TraceId::from(1), part, spans }, Canvas { width, colour: false })
}

fn whole(width: usize, spans: &[SpanBuilder]) -> String {
    picture(width, Part::Whole, spans)
}

/// The guide's "Understanding the Trace View".
fn post_books() -> Vec<SpanBuilder> {
    vec![
        span(3, "SELECT users").under(2).from(20.0, 40.0).kind(SpanKind::Client).set("db.system.name", "postgresql"),
        span(2, "authenticate_user").under(1).from(2.0, 85.0).set("user.id", 1),
        span(4, "validate_book_data").under(1).from(88.0, 5.0),
        span(6, "INSERT books").under(5).from(100.0, 110.0).kind(SpanKind::Client),
        span(5, "create_book")
            .under(1)
            .from(94.0, 120.0)
            .set("book.title", "Le Petit Prince")
            .status(Status::Ok)
            .event(212.0, "Book created successfully", vec![KeyValue::new("book.id", 7)]),
        span(7, "DEL").under(1).from(218.0, 25.0).kind(SpanKind::Client),
        span(1, "POST /books/").from(0.0, 245.0).kind(SpanKind::Server).set("http.response.status_code", 201),
    ]
}

#[test]
fn a_trace_is_a_tree_with_bars_on_one_axis() {
    insta::assert_snapshot!(whole(100, &post_books()));
}

#[test]
fn siblings_that_overlap_stand_above_each_other() {
    let spans = [
        span(1, "checkout").from(0.0, 100.0),
        span(2, "charge").under(1).from(5.0, 60.0),
        span(3, "reserve").under(1).from(10.0, 85.0),
        span(4, "notify").under(1).from(10.0, 0.002).kind(SpanKind::Producer),
    ];
    insta::assert_snapshot!(whole(80, &spans));
}

#[test]
fn a_failure_shows_its_error_and_the_chain_of_its_causes() {
    let exception = vec![
        KeyValue::new("exception.type", "store::Error"),
        KeyValue::new("exception.message", "the database is away"),
        KeyValue::new("exception.stacktrace", "the database is away\ncaused by: connection refused\n"),
    ];
    let spans = [
        span(1, "GET /books/{id}").from(0.0, 3.0).kind(SpanKind::Server).remote().under(0xabc),
        span(2, "get_book")
            .under(1)
            .from(1.0, 1.5)
            .set("error.type", "store::Error")
            .event(2.0, "exception", exception)
            .status(Status::error("the database is away")),
    ];
    insta::assert_snapshot!(whole(90, &spans));
}

#[test]
fn a_value_can_not_act_upon_the_terminal() {
    let evil = "\x1b]0;owned\x07\x1b[2J\r\n";
    let event = vec![KeyValue::new("exception.stacktrace", format!("a{evil}b"))];
    let mut spans = post_books();
    spans.push(
        span(9, evil)
            .under(1)
            .from(0.0, 1.0)
            .set("book.title", evil)
            .event(0.5, "exception", event)
            .status(Status::error(evil)),
    );
    let picture = whole(100, &spans);
    assert!(!picture.chars().any(|c| c.is_control() && c != '\n'), "{picture:?}");
    assert!(picture.contains("\\u{1b}]0;owned"), "{picture}");
}

#[test]
fn wide_characters_keep_the_columns_straight() {
    let spans = [
        span(1, "list").from(0.0, 10.0),
        span(2, "検索する").under(1).from(1.0, 4.0).set("book.title", "ソラリス"),
        span(3, "szukaj 🔎 książki").under(1).from(5.0, 5.0),
    ];
    insta::assert_snapshot!(whole(70, &spans));
}

#[test]
fn a_deep_tree_shows_its_nearest_branches() {
    let spans: Vec<_> =
        (1..=20).map(|n| span(n, "recursive_descent").under(n - 1).from(n as f64, 60.0 - 2.0 * n as f64)).collect();
    insta::assert_snapshot!(whole(80, &spans));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let long = "x".repeat(300);
    let mut spans = post_books();
    spans.push(span(8, &long).under(6).from(100.0, 1.0).kind(SpanKind::Client).set("db.query.text", long.clone()));
    spans.push(span(9, "b").under(8).set("a", 1).set("a.rather.long.key.of.an.attribute", long.clone()));
    for width in [40, 57, 80, 200] {
        for line in whole(width, &spans).lines().skip(1) {
            assert!(super::text::width(line) <= width, "{width}: {line}");
        }
    }
}

#[test]
fn more_rows_than_anybody_reads_are_counted() {
    let mut spans = vec![span(1, "import").from(0.0, 1000.0)];
    spans.extend((2..=1000).map(|n| span(n, "row").under(1).from(n as f64 / 2.0, 0.1)));
    let picture = whole(80, &spans);
    assert!(picture.lines().count() < 310);
    assert!(picture.contains("… and 700 spans not drawn"), "{picture}");
}

#[test]
fn what_was_dropped_is_said_and_links_are_shown() {
    let mut linked = span(1, "consume").kind(SpanKind::Consumer).set("a", 1);
    let other = SpanContext::new(TraceId::from(2), SpanId::from(7), TraceFlags::SAMPLED, true, TraceState::NONE);
    linked.data.links.links.push(Link::new(other, vec![], 0));
    linked.data.dropped_attributes_count = 3;
    linked.data.events.dropped_count = 2;
    insta::assert_snapshot!(whole(90, &[linked]));
}

#[test]
fn colours_add_nothing_but_colours() {
    let spans: Vec<SpanData> = post_books().iter().map(SpanBuilder::build).collect();
    let drawing = Drawing { trace: TraceId::from(1), part: Part::Whole, spans };
    let coloured = draw(&drawing, Canvas { width: 100, colour: true });
    assert!(coloured.contains("\x1b[32m█"), "the server's bar is green");
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\x1b[") {
        plain.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    plain.push_str(rest);
    let trimmed = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    assert_eq!(trimmed(&plain), trimmed(&whole(100, &post_books())));
}

/// What was written, to be read while the exporter has the other end.
#[derive(Debug, Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn export(exporter: &ConsoleExporter, spans: &[SpanBuilder]) {
    let batch = spans.iter().map(SpanBuilder::build).collect();
    let mut export = std::pin::pin!(exporter.export(batch));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(export.as_mut().poll(&mut cx).is_ready());
}

#[test]
fn a_trace_is_drawn_once_and_late_spans_continue_it() {
    let written = Shared::default();
    let exporter = ConsoleExporter::builder().writer(written.clone()).width(90).build();
    export(&exporter, &[span(2, "child").under(1)]);
    assert!(written.0.lock().unwrap().is_empty());
    export(&exporter, &[span(1, "root")]);
    export(&exporter, &[span(3, "background").under(2).from(40.0, 5.0)]);
    export(&exporter, &[span(5, "orphan").under(4).of(2)]);
    exporter.shutdown().unwrap();
    insta::assert_snapshot!(String::from_utf8(written.0.lock().unwrap().clone()).unwrap());
}

#[test]
fn a_writer_that_fails_fails_nobody() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let exporter = ConsoleExporter::builder().writer(Closed).build();
    export(&exporter, &[span(1, "root")]);
}
