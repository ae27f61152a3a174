//! Log records on the terminal and at a collector, with the ids of trace, span and request.

#[path = "logs/lines.rs"]
mod lines;
mod support;

use std::sync::{Arc, Mutex, PoisonError};

use lines::Lines;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message;
use support::{Answer, Collector};
use traced::Telemetry;
use traced::logs::Logs;
use warp::Filter;

/// A process has one telemetry.
static ONE: Mutex<()> = Mutex::new(());

fn install(logs: Logs, variables: &[(&'static str, &str)]) -> Telemetry {
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let spans = traced::opentelemetry_sdk::trace::InMemorySpanExporter::default();
    Telemetry::builder()
        .environment(move |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone()))
        .span_exporter(spans)
        .logs(logs)
        .install()
        .unwrap()
}

#[path = "logs/exceptions.rs"]
mod exceptions;

#[traced::traced]
fn work() -> (String, String) {
    tracing::info!(book.id = 7, title = "A\nB", "looked up");
    log::warn!("by log");
    let current = traced::current();
    (current.trace_id().to_string(), current.span_id().to_string())
}

fn records(collector: &Collector) -> Vec<LogRecord> {
    let bodies = collector.others().into_iter().filter(|(path, _)| path == "/v1/logs");
    let requests = bodies.map(|(_, body)| ExportLogsServiceRequest::decode(body.as_slice()).unwrap());
    let scopes = requests.flat_map(|request| request.resource_logs).flat_map(|resource| resource.scope_logs);
    scopes.flat_map(|scope| scope.log_records).collect()
}

#[test]
fn lines_have_the_ids_of_their_span_and_stay_lines() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let lines = Lines::default();
    let telemetry = install(Logs::text().writer(lines.clone()), &[]);
    let (trace_id, span_id) = work();
    let line = lines.with("looked up").concat();
    let expected = format!("INFO logs: looked up book.id=7 title=A\\nB trace_id={trace_id} span_id={span_id}");
    assert!(line.ends_with(&expected), "{line}");
    let line = lines.with("by log").concat();
    assert!(line.contains(" WARN logs: by log trace_id="), "{line}");
    tracing::debug!("too low");
    assert!(lines.with("too low").is_empty());
    telemetry.shutdown().unwrap();
    tracing::info!("after the end");
    assert!(lines.with("after the end").concat().ends_with("after the end"));
}

#[test]
fn json_is_an_object_a_line() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let lines = Lines::default();
    let _telemetry = install(Logs::json().writer(lines.clone()), &[("RUST_LOG", "off,logs=info")]);
    let (trace_id, span_id) = work();
    let line = lines.with("looked up").concat();
    let rest = format!(
        "\"severity\":\"INFO\",\"target\":\"logs\",\"body\":\"looked up\",\"attributes\":{{\"book.id\":7,\
         \"title\":\"A\\u000aB\"}},\"trace_id\":\"{trace_id}\",\"span_id\":\"{span_id}\"}}"
    );
    assert!(line.starts_with("{\"timestamp\":\"2") && line.ends_with(&rest), "{line}");
    let line = lines.with("by log").concat();
    let ids = format!("\"body\":\"by log\",\"trace_id\":\"{trace_id}\",\"span_id\":\"{span_id}\"}}");
    assert!(line.contains("\"severity\":\"WARN\",\"target\":\"logs\"") && line.ends_with(&ids), "{line}");
    tracing::error!(ok = true, share = 0.5, none = f64::NAN, debug = ?Some(1), "typed");
    let typed = lines.with("typed").concat();
    let expected = "{\"ok\":true,\"share\":0.5,\"none\":\"NaN\",\"debug\":\"Some(1)\"}}";
    assert!(typed.ends_with(expected), "{typed}");
    tracing::info!(target: "elsewhere", "not wanted");
    assert!(lines.with("not wanted").is_empty());
}

#[test]
fn levels_are_those_of_rust_log_and_an_invalid_one_is_a_warning() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    for (rust_log, expected) in [("warn,logs=trace", 5), ("debug", 4), ("warn", 2), ("error,logs=warn", 2), ("off", 0)]
    {
        let lines = Lines::default();
        let _telemetry = install(Logs::text().writer(lines.clone()), &[("RUST_LOG", rust_log)]);
        tracing::trace!("leveled");
        tracing::debug!("leveled");
        log::info!("leveled");
        log::warn!("leveled");
        tracing::error!("leveled");
        assert_eq!(lines.with("leveled").len(), expected, "{rust_log}");
    }
    let heard = Arc::<Mutex<Vec<String>>>::default();
    let warnings = Arc::clone(&heard);
    let _telemetry = Telemetry::builder()
        .environment(|name| (name == "RUST_LOG").then(|| "logs=loud".to_owned()))
        .span_exporter(traced::opentelemetry_sdk::trace::InMemorySpanExporter::default())
        .logs(Logs::silent())
        .on_warning(move |warning| warnings.lock().unwrap().push(warning.to_string()))
        .install()
        .unwrap();
    let heard = heard.lock().unwrap();
    assert!(heard.len() == 1 && heard[0].contains("RUST_LOG=\"logs=loud\""), "{heard:?}");
}

#[test]
fn records_arrive_with_ids_and_those_of_the_exporter_do_not() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let collector = Collector::start(Answer::Ok);
    let telemetry = install(
        Logs::silent(),
        &[("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", &format!("{}/v1/logs", collector.base())), ("RUST_LOG", "trace")],
    );
    let (trace_id, span_id) = work();
    tracing::info!(target: "hyper::client", "said by the exporter");
    telemetry.shutdown().unwrap();
    let records = records(&collector);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let said = |text: &str| records.iter().find(|record| format!("{:?}", record.body).contains(text));
    for text in ["looked up", "by log"] {
        let record = said(text).unwrap_or_else(|| panic!("{text}: {records:?}"));
        assert_eq!((hex(&record.trace_id), hex(&record.span_id)), (trace_id.clone(), span_id.clone()));
    }
    assert!(said("said by the exporter").is_none());
    assert!(!records.iter().any(|record| format!("{:?}", record.body).contains("hyper")));
}

#[test]
fn a_request_has_its_correlation_id_on_each_record() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let collector = Collector::start(Answer::Ok);
    let lines = Lines::default();
    let telemetry = install(
        Logs::text().writer(lines.clone()),
        &[("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", &format!("{}/v1/logs", collector.base()))],
    );
    let hello = warp::any().and(traced::warp::route("/")).map(|| {
        tracing::info!("handled");
        "ok"
    });
    let routes = traced::warp::trace().correlation_id("x-correlation-id", "correlation.id").wrap(hello);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(warp::test::request().header("x-correlation-id", "abc-1").reply(&routes));
    assert!(lines.with("handled").concat().ends_with(" correlation.id=abc-1"));
    telemetry.shutdown().unwrap();
    let records = records(&collector);
    let record = records.iter().find(|record| format!("{:?}", record.body).contains("handled")).unwrap();
    assert!(record.attributes.iter().any(|pair| pair.key == "correlation.id"), "{record:?}");
}

/// An exporter of spans that does not come back before the test is over.
#[derive(Debug)]
struct Hangs(Mutex<std::sync::mpsc::Receiver<()>>);

impl traced::opentelemetry_sdk::trace::SpanExporter for Hangs {
    async fn export(
        &self,
        _: Vec<traced::opentelemetry_sdk::trace::SpanData>,
    ) -> traced::opentelemetry_sdk::error::OTelSdkResult {
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).recv();
        Ok(())
    }
}

#[test]
fn an_exporter_of_spans_that_hangs_takes_no_time_of_the_records() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    for last in [false, true] {
        let collector = Collector::start(Answer::Ok);
        let endpoint = format!("{}/v1/logs", collector.base());
        let (released, over) = std::sync::mpsc::channel();
        let telemetry = Telemetry::builder()
            .environment(move |name| match name {
                "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT" => Some(endpoint.clone()),
                "OTEL_BLRP_SCHEDULE_DELAY" => Some("3600000".to_owned()),
                "OTEL_METRICS_EXPORTER" => Some("none".to_owned()),
                _ => None,
            })
            .span_exporter(Hangs(Mutex::new(over)))
            .logs(Logs::silent())
            .on_warning(|_| ())
            // As long as a busy machine may need for a record.
            .flush_timeout(std::time::Duration::from_secs(3))
            .install()
            .unwrap();
        work();
        let error = if last { telemetry.shutdown() } else { telemetry.flush() }.unwrap_err();
        assert!(matches!(error, traced::FlushError::TimedOut { .. }), "{error}");
        assert_eq!(records(&collector).len(), 2, "last: {last}");
        drop(released);
    }
}
