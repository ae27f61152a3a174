//! Errors and panics as log records, in the stead of events of their spans or besides.

use opentelemetry_proto::tonic::trace::v1::Span;
use support::{text, value};
use traced::Warning;

use super::*;

#[derive(Debug, traced::ErrorType)]
enum Error {
    #[error_type("conflict")]
    Conflict(std::num::ParseIntError),
    #[error_type("gone", sensitive)]
    Gone,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Conflict(_) => f.write_str("the number of ada@example.org"),
            Self::Gone => f.write_str("canary"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Conflict(cause) => Some(cause),
            Self::Gone => None,
        }
    }
}

#[traced::traced]
fn number(text: &str) -> Result<i64, Error> {
    text.parse().map_err(Error::Conflict)
}

#[traced::traced]
fn gone() -> Result<(), Error> {
    Err(Error::Gone)
}

#[traced::traced(err(|_| status = unset))]
fn tolerated() -> Result<(), Error> {
    Err(Error::Gone)
}

#[traced::traced]
async fn panicking() {
    tokio::task::yield_now().await;
    panic!("on purpose");
}

struct Session {
    collector: Collector,
    lines: Lines,
    warnings: Vec<String>,
}

/// All ends of functions under OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN=`opt_in`, with log records set up by `logs` and `variables`.
fn session(opt_in: &str, logs: impl FnOnce(Lines) -> Option<Logs>, variables: &[(&'static str, &str)]) -> Session {
    let collector = Collector::start(Answer::Ok);
    let lines = Lines::default();
    let base = [
        ("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN", opt_in.to_owned()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.base()),
    ];
    let given = variables.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let variables: Vec<_> =
        base.into_iter().chain([("OTEL_METRICS_EXPORTER", "none".to_owned())]).chain(given).collect();
    let warnings = Arc::<Mutex<Vec<String>>>::default();
    let heard = Arc::clone(&warnings);
    let mut builder = Telemetry::builder()
        .environment(move |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone()))
        .redact(|_, value| value.contains('@').then(|| value.replace("ada@example.org", "REDACTED")))
        .on_warning(move |warning: &Warning| heard.lock().unwrap().push(warning.to_string()));
    if let Some(logs) = logs(lines.clone()) {
        builder = builder.logs(logs);
    }
    let telemetry = builder.install().unwrap();
    number("x").unwrap_err();
    gone().unwrap_err();
    tolerated().unwrap_err();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runtime.block_on(panicking())));
    panicked.unwrap_err();
    telemetry.shutdown().unwrap();
    let warnings = warnings.lock().unwrap().clone();
    Session { collector, lines, warnings }
}

impl Session {
    fn span(&self, name: &str) -> Span {
        self.collector.spans().into_iter().find(|(_, span)| span.name == name).unwrap().1
    }

    fn events(&self) -> usize {
        self.collector.spans().iter().map(|(_, span)| span.events.len()).sum()
    }

    /// The log record of the span `name`, if there is one.
    fn record(&self, name: &str) -> Option<LogRecord> {
        let span = self.span(name);
        let mut records = records(&self.collector).into_iter().filter(|record| record.event_name == "exception");
        records.find(|record| (&record.trace_id, &record.span_id) == (&span.trace_id, &span.span_id))
    }
}

#[test]
fn by_logs_they_are_records_alone_with_the_ids_of_their_span() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let session = session("logs", |lines| Some(Logs::text().writer(lines)), &[("RUST_LOG", "off")]);
    assert_eq!((session.events(), session.warnings.as_slice()), (0, [].as_slice()));
    let record = session.record("number").unwrap();
    assert_eq!((record.severity_number, record.severity_text.as_str()), (17, "ERROR"));
    assert_eq!(text(&record.attributes, "exception.type"), Some("logs::exceptions::Error"));
    assert_eq!(text(&record.attributes, "exception.message"), Some("the number of REDACTED"));
    let causes = text(&record.attributes, "exception.stacktrace").unwrap();
    assert!(causes.ends_with("0: invalid digit found in string") && !causes.contains('@'), "{causes}");
    assert!(record.time_unix_nano > 0 && format!("{:?}", record.body).contains("the number of REDACTED"), "{record:?}");
    // The status and error.type are still the span's.
    assert_eq!(text(&session.span("number").attributes, "error.type"), Some("conflict"));

    let secret = session.record("gone").unwrap();
    assert!(value(&secret.attributes, "exception.message").is_none() && !format!("{secret:?}").contains("canary"));
    assert_eq!(session.record("tolerated").unwrap().severity_text, "WARN");
    let panic = session.record("panicking").unwrap();
    assert_eq!(text(&panic.attributes, "exception.type"), Some("panic"));
    assert_eq!(text(&panic.attributes, "exception.message"), Some("on purpose"));

    let line = session.lines.with("on purpose").concat();
    let id = panic.trace_id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert!(line.contains(" ERROR exception: on purpose exception.type=panic") && line.contains(&id), "{line}");
    assert_eq!(session.lines.with("ERROR exception: ").len(), 3);
}

#[test]
fn by_logs_dup_they_are_both() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let session = session("logs/dup", |_| Some(Logs::silent()), &[]);
    assert_eq!(session.events(), 4);
    assert!(["number", "gone", "tolerated", "panicking"].iter().all(|name| session.record(name).is_some()));
}

#[test]
fn otherwise_they_are_events_alone() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    for opt_in in ["", "spans"] {
        let session = session(opt_in, |_| Some(Logs::silent()), &[]);
        assert_eq!(session.events(), 4, "{opt_in:?}");
        assert!(session.record("number").is_none());
        assert_eq!(session.warnings.len(), usize::from(!opt_in.is_empty()), "{:?}", session.warnings);
    }
}

#[test]
fn where_records_go_nowhere_one_warning_says_so_and_events_stay() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    for (set_up, variables) in [(false, [("OTEL_LOGS_EXPORTER", "otlp")]), (true, [("OTEL_LOGS_EXPORTER", "none")])] {
        let session = session("logs", |_| set_up.then(Logs::silent), &variables);
        assert_eq!(session.events(), 4);
        let [warning] = session.warnings.as_slice() else { panic!("{:?}", session.warnings) };
        assert!(warning.contains("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN") && warning.contains(".logs(..)"), "{warning}");
    }
}

#[test]
fn a_capture_has_them_on_its_spans() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let lines = Lines::default();
    let _telemetry = install(Logs::text().writer(lines.clone()), &[("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN", "logs")]);
    let (_, spans) = traced::testing::capture(|| gone().unwrap_err());
    assert!(spans[0].event("exception").is_some());
    assert!(lines.with("exception").is_empty());
}
