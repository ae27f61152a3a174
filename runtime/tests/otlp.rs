//! Spans that go to a collector over HTTP, and collectors that do not take them.
#![cfg(feature = "otlp")]

mod support;

use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use support::{Answer, Collector, eventually, text, value};
use traced::opentelemetry::trace::{Tracer, TracerProvider};
use traced::opentelemetry::{KeyValue, global};
use traced::{FlushError, SetupError, Telemetry, TelemetryBuilder, Warning};

/// Installing is for the whole process: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

type Warnings = Arc<Mutex<Vec<String>>>;

/// A builder that sees these variables alone, and where its warnings go.
fn builder(variables: &[(&'static str, &str)]) -> (TelemetryBuilder, Warnings) {
    let mut variables: Vec<_> = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    // Unless a test says so itself.
    variables.push(("OTEL_METRICS_EXPORTER", "none".to_owned()));
    let warnings = Warnings::default();
    let heard = Arc::clone(&warnings);
    let builder = Telemetry::builder()
        .environment(move |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone()))
        .on_warning(move |warning: &Warning| heard.lock().unwrap().push(warning.to_string()));
    (builder, warnings)
}

fn to(collector: &Collector) -> (TelemetryBuilder, Warnings) {
    builder(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.base())])
}

/// Two spans: one of a traced function, one of another library.
#[traced::traced(attrs(book.id = 7, book.title = "Solaris"))]
fn work() {
    global::tracer("other").in_span("inner", |_| ());
}

/// An address where nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn spans_arrive_with_resource_scope_attributes_and_parent() {
    let _alone = alone();
    let collector = Collector::start(Answer::Ok);
    let base = collector.base();
    let (builder, warnings) = builder(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &base),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=a%20b"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4"),
    ]);
    let telemetry = builder.service_name("shop").install().unwrap();
    assert_eq!(telemetry.destination(), format!("traces go to {base}/v1/traces (OTLP over HTTP)"));
    work();
    telemetry.flush().unwrap();

    let arrived = collector.arrived();
    assert_eq!(arrived[0].path, "/v1/traces");
    assert!(arrived[0].headers.contains(&("x-tenant".to_owned(), "a b".to_owned())), "{arrived:?}");
    let resource = &arrived[0].body.resource_spans[0].resource.as_ref().unwrap().attributes;
    assert_eq!(text(resource, "service.name"), Some("shop"));
    assert_eq!(text(resource, "deployment.environment.name"), Some("test"));
    assert_eq!(text(resource, "telemetry.sdk.language"), Some("rust"));
    let spans = collector.spans();
    let find = |name: &str| spans.iter().find(|(_, span)| span.name == name).unwrap();
    let (scope, work) = find("work");
    assert_eq!(scope, "otlp");
    assert_eq!(text(&work.attributes, "book.title"), Some("Sola"));
    assert_eq!(value(&work.attributes, "book.id"), Some(&Value::IntValue(7)));
    let (_, inner) = find("inner");
    assert_eq!((&inner.parent_span_id, &inner.trace_id), (&work.span_id, &work.trace_id));
    assert_eq!(spans.len(), 2);

    let health = telemetry.health();
    assert_eq!((health.exported, health.open, health.queued, health.dropped.total()), (2, 0, 0, 0));
    drop(telemetry);
    assert!(warnings.lock().unwrap().is_empty(), "{warnings:?}");
}

#[test]
fn what_is_redacted_does_not_leave_the_process() {
    let _alone = alone();
    let collector = Collector::start(Answer::Ok);
    let mask = |key: &str, _: &str| (key == "book.title").then(|| "MASKED".to_owned());
    let telemetry = to(&collector).0.redact(mask).install().unwrap();
    work();
    telemetry.flush().unwrap();
    let arrived = format!("{:?}", collector.arrived());
    assert!(arrived.contains("MASKED") && !arrived.contains("Solaris"), "{arrived}");
}

#[test]
fn dropping_delivers_what_is_left_and_ends_the_recording() {
    let _alone = alone();
    let collector = Collector::start(Answer::Ok);
    let (builder, _) = to(&collector);
    let telemetry = builder.install().unwrap();
    work();
    drop(telemetry);
    assert_eq!(collector.spans().len(), 2);
    work();
    assert_eq!(collector.spans().len(), 2);
}

#[test]
fn a_second_one_is_refused_while_the_first_lives() {
    let _alone = alone();
    let collector = Collector::start(Answer::Ok);
    let first = to(&collector).0.install().unwrap();
    assert!(matches!(to(&collector).0.install(), Err(SetupError::AlreadyInstalled)));
    drop(first);
    let second = to(&collector).0.install().unwrap();
    work();
    second.flush().unwrap();
    assert_eq!(collector.spans().len(), 2);
}

#[test]
fn an_absent_collector_is_said_once_and_its_spans_are_kept_until_the_end() {
    let _alone = alone();
    let endpoint = nobody();
    let (builder, warnings) = builder(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    let telemetry = builder.install().unwrap();
    for number in 1..=3 {
        work();
        let error = telemetry.flush().unwrap_err();
        assert!(matches!(&error, FlushError::Undelivered { spans, .. } if *spans == 2 * number), "{error}");
        assert!(error.to_string().contains("refused"), "{error}");
    }
    let health = telemetry.health();
    assert_eq!((health.failed_batches, health.queued, health.dropped.total(), health.exported), (3, 6, 0, 0));
    assert!(health.last_error.unwrap().contains("OTEL_EXPORTER_OTLP_ENDPOINT"));

    work();
    let start = Instant::now();
    let error = telemetry.shutdown().unwrap_err();
    assert!(matches!(&error, FlushError::Lost { spans: 8, .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!((telemetry.health().queued, telemetry.health().dropped.total()), (0, 8));
    let warnings = warnings.lock().unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains(&format!("{endpoint}/v1/traces")), "{warnings:?}");
}

#[test]
fn spans_survive_a_collector_that_is_away_for_a_while() {
    let _alone = alone();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (builder, _) = builder(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{address}"))]);
    let telemetry = builder.install().unwrap();
    work();
    assert!(matches!(telemetry.flush(), Err(FlushError::Undelivered { spans: 2, .. })));
    work();
    let collector = Collector::on(TcpListener::bind(address).unwrap(), Answer::Ok);
    telemetry.flush().unwrap();
    assert_eq!(collector.spans().len(), 4);
    assert_eq!((telemetry.health().exported, telemetry.health().dropped.total()), (4, 0));
}

#[test]
fn a_collector_that_comes_back_is_said_once() {
    let _alone = alone();
    let collector = Collector::start(Answer::Status(400));
    let (builder, warnings) = to(&collector);
    let telemetry = builder.install().unwrap();
    work();
    telemetry.flush().unwrap_err();
    collector.answer(Answer::Ok);
    for _ in 0..2 {
        work();
        telemetry.flush().unwrap();
    }
    let warnings = warnings.lock().unwrap();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[1].contains("again; 2 spans lost"), "{warnings:?}");
}

#[test]
fn what_may_be_repeated_is_repeated() {
    let _alone = alone();
    let collector = Collector::start(Answer::Status(503));
    let telemetry = to(&collector).0.install().unwrap();
    work();
    std::thread::scope(|scope| {
        let flush = scope.spawn(|| telemetry.flush());
        eventually("the first try", || collector.refused() > 0);
        collector.answer(Answer::Ok);
        flush.join().unwrap().unwrap();
    });
    assert_eq!(collector.spans().len(), 2);
}

#[test]
fn a_connection_that_the_collector_has_closed_costs_no_repetition() {
    use std::io::{Read, Write};
    let _alone = alone();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (closed, closings) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = Vec::new();
            let mut part = [0; 4096];
            // The body comes in one piece, and the name of its span is behind what the test waits for.
            while !request.windows(4).any(|bytes| bytes == b"work") {
                match stream.read(&mut part) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => request.extend_from_slice(&part[..read]),
                }
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
            drop(stream);
            let _ = closed.send(());
        }
    });
    let telemetry = builder(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]).0.install().unwrap();
    let rounds = (0..5).map(|_| {
        work();
        let start = Instant::now();
        telemetry.flush().unwrap();
        closings.recv().unwrap();
        start.elapsed()
    });
    // The first needs a connection anyway; a repetition would come after 250 ms.
    let fastest = rounds.skip(1).min().unwrap();
    assert!(fastest < Duration::from_millis(240), "{fastest:?}");
    assert_eq!(telemetry.health().failed_batches, 0);
}

#[test]
fn a_hanging_collector_holds_the_end_up_no_longer_than_the_timeout() {
    let _alone = alone();
    let collector = Collector::start(Answer::Silence);
    // The request alone would wait for ten minutes: a busy machine takes some seconds at most.
    let base = collector.base();
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", base.as_str()), ("OTEL_EXPORTER_OTLP_TIMEOUT", "600000")];
    let telemetry = builder(&variables).0.flush_timeout(Duration::from_millis(400)).install().unwrap();
    work();
    let start = Instant::now();
    let error = telemetry.flush().unwrap_err();
    assert!(matches!(error, FlushError::TimedOut { pending: 2, .. }), "{error}");
    assert!(telemetry.shutdown().is_err());
    drop(telemetry);
    assert!(start.elapsed() < Duration::from_secs(300), "{:?}", start.elapsed());
}

#[test]
fn spans_that_the_collector_refuses_are_not_counted_as_delivered() {
    let _alone = alone();
    let collector = Collector::start(Answer::Rejecting(1));
    let telemetry = to(&collector).0.install().unwrap();
    work();
    assert!(matches!(telemetry.flush(), Err(FlushError::Lost { spans: 1, .. })));
    let health = telemetry.health();
    assert_eq!((health.exported, health.dropped.rejected), (1, 1));
}

#[test]
fn installing_flushing_and_ending_inside_a_current_thread_runtime_does_not_deadlock() {
    let _alone = alone();
    let collector = Collector::start(Answer::Ok);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let telemetry = to(&collector).0.install().unwrap();
        work();
        tokio::task::yield_now().await;
        telemetry.flush().unwrap();
        work();
        telemetry.shutdown().unwrap();
        telemetry.shutdown().unwrap();
        assert!(matches!(telemetry.flush(), Err(FlushError::ShutDown)));
    });
    assert_eq!(collector.spans().len(), 4);
}

#[test]
fn more_spans_than_the_queue_holds_are_dropped_counted_and_said() {
    let _alone = alone();
    let collector = Collector::start(Answer::Silence);
    let base = collector.base();
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", base.as_str()),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "10"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "200"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"),
    ];
    let (builder, warnings) = builder(&variables);
    let telemetry = builder.install().unwrap();
    let tracer = global::tracer("load");
    for _ in 0..1000 {
        tracer.in_span("load", |_| ());
    }
    let health = telemetry.health();
    assert!(health.dropped.queue_full > 900 && health.queued <= 20, "{health:?}");
    eventually("the warning", || warnings.lock().unwrap().iter().any(|w| w.contains("OTEL_BSP_MAX_QUEUE_SIZE")));
    let health = telemetry.health();
    let counted = health.exported + health.queued + health.dropped.total();
    assert_eq!(counted, 1000, "{health:?}");
}

#[test]
fn strict_mode_names_every_invalid_variable_before_anything_is_installed() {
    let _alone = alone();
    let variables = [
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "abc"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector"),
    ];
    let (lenient, warnings) = builder(&variables);
    let error = builder(&variables).0.strict().install().unwrap_err().to_string();
    assert!(error.contains("OTEL_TRACES_SAMPLER_ARG=\"abc\"") && error.contains("0.1"), "{error}");
    assert!(error.contains("OTEL_EXPORTER_OTLP_ENDPOINT=\"collector\""), "{error}");
    let telemetry = lenient.flush_timeout(Duration::from_millis(1)).install().unwrap();
    assert!(telemetry.destination().contains("http://localhost:4318/v1/traces"));
    assert_eq!(warnings.lock().unwrap().len(), 2);
}

#[test]
fn the_disabled_sdk_records_nothing_and_says_so() {
    let _alone = alone();
    let collector = Collector::start(Answer::Ok);
    let base = collector.base();
    let telemetry =
        builder(&[("OTEL_SDK_DISABLED", "true"), ("OTEL_EXPORTER_OTLP_ENDPOINT", &base)]).0.install().unwrap();
    assert_eq!(telemetry.destination(), "traces go nowhere: OTEL_SDK_DISABLED is true");
    assert!(matches!(to(&collector).0.install(), Err(SetupError::AlreadyInstalled)));
    work();
    telemetry.flush().unwrap();
    telemetry.shutdown().unwrap();
    assert!(collector.arrived().is_empty());
}

#[test]
fn a_provider_of_the_application_records_and_outlives_the_telemetry() {
    use traced::opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
    let _alone = alone();
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter.clone()).build();
    let telemetry = builder(&[]).0.tracer_provider(provider.clone()).install().unwrap();
    work();
    telemetry.flush().unwrap();
    let finished = exporter.get_finished_spans().unwrap();
    assert!(finished.iter().any(|span| span.name == "work"), "{finished:?}");
    drop(telemetry);
    provider.tracer("app").in_span("still", |_| ());
    provider.force_flush().unwrap();
    assert!(exporter.get_finished_spans().unwrap().iter().any(|span| span.name == "still"));
}

#[test]
fn what_is_written_to_spans_of_the_applications_provider_is_redacted_and_cut() {
    use traced::opentelemetry::trace::{Link, SpanContext, SpanId, Status, TraceFlags, TraceId, TraceState};
    use traced::opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};

    fn link() -> Link {
        let (trace, span) = (TraceId::from(1), SpanId::from(1));
        let to = SpanContext::new(trace, span, TraceFlags::default(), false, TraceState::NONE);
        Link::new(to, vec![KeyValue::new("secret", "canary two")], 0)
    }

    #[traced::traced(attrs(secret = "canary one", long = "x".repeat(100_000)), links(link()))]
    fn fails() -> Result<(), String> {
        traced::attr!(secret.later = "canary three");
        traced::event!("noted", secret = "canary four");
        Err("canary five".to_owned())
    }

    let _alone = alone();
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let redact = |_: &str, value: &str| value.contains("canary").then(|| "MASKED".to_owned());
    let telemetry = builder(&[]).0.tracer_provider(provider.clone()).redact(redact).install().unwrap();
    fails().unwrap_err();
    drop(telemetry);
    let span = exporter.get_finished_spans().unwrap().remove(0);
    let seen = format!("{span:?}").replace(&"x".repeat(64 * 1024), "x..");
    assert!(!seen.contains("canary"), "{seen}");
    assert_eq!(span.status, Status::error("MASKED"));
    // Entry, link, later, event, and what an error says.
    assert!(seen.matches("MASKED").count() >= 6, "{seen}");
    let long = span.attributes.iter().find(|attribute| attribute.key.as_str() == "long").unwrap();
    assert_eq!(long.value.as_str().len(), 64 * 1024);
}

#[test]
fn an_exporter_that_panics_is_a_failed_batch_and_the_next_is_tried() {
    use traced::opentelemetry_sdk::error::OTelSdkResult;
    use traced::opentelemetry_sdk::trace::{SpanData, SpanExporter};

    #[derive(Debug)]
    struct Panics;
    impl SpanExporter for Panics {
        async fn export(&self, _batch: Vec<SpanData>) -> OTelSdkResult {
            panic!("a bug in an exporter")
        }
    }
    let _alone = alone();
    let (builder, warnings) = builder(&[]);
    let telemetry = builder.span_exporter(Panics).resource_attributes([KeyValue::new("a", "b")]).install().unwrap();
    for _ in 0..2 {
        work();
        let error = telemetry.flush().unwrap_err();
        assert!(error.to_string().contains("panicked"), "{error}");
    }
    assert_eq!(warnings.lock().unwrap().len(), 1);
}

#[test]
fn the_end_does_not_wait_for_another_try() {
    let _alone = alone();
    let telemetry = builder(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &nobody())]).0.install().unwrap();
    work();
    let start = Instant::now();
    telemetry.shutdown().unwrap_err();
    // The other tries would take 1.75 s at the least.
    assert!(start.elapsed() < Duration::from_millis(1200), "{:?}", start.elapsed());
}

#[test]
fn an_exporter_that_is_traced_itself_records_nothing_while_it_exports() {
    use traced::opentelemetry_sdk::error::OTelSdkResult;
    use traced::opentelemetry_sdk::trace::{SpanData, SpanExporter};

    #[derive(Debug)]
    struct Traced;
    impl SpanExporter for Traced {
        async fn export(&self, _batch: Vec<SpanData>) -> OTelSdkResult {
            work();
            Ok(())
        }
    }
    let _alone = alone();
    let telemetry = builder(&[]).0.span_exporter(Traced).install().unwrap();
    work();
    for _ in 0..3 {
        telemetry.flush().unwrap();
    }
    assert_eq!(telemetry.health().exported, 2);
}

#[test]
fn https_to_what_speaks_none_is_a_failed_batch() {
    let _alone = alone();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let (builder, _) = builder(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    // It tries again for ten seconds, and a handshake takes its time on a busy machine.
    let telemetry = builder.flush_timeout(Duration::from_secs(300)).install().unwrap();
    work();
    let error = telemetry.flush().unwrap_err();
    assert!(matches!(error, FlushError::Undelivered { spans: 2, .. }), "{error}");
    assert_eq!(telemetry.health().failed_batches, 1);
}

#[test]
fn what_is_still_open_at_the_end_is_counted_as_lost() {
    let _alone = alone();
    let collector = Collector::start(Answer::Ok);
    let telemetry = to(&collector).0.install().unwrap();
    let open = global::tracer("open").start("open");
    assert_eq!(telemetry.health().open, 1);
    telemetry.shutdown().unwrap();
    drop(open);
    assert_eq!(telemetry.health().dropped.shut_down, 1);
    assert!(collector.arrived().is_empty());
}

#[test]
fn only_the_share_that_the_environment_names_is_recorded_and_children_follow() {
    let _alone = alone();
    let collector = Collector::start(Answer::Ok);
    let base = collector.base();
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", base.as_str()),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.5"),
    ];
    let telemetry = builder(&variables).0.install().unwrap();
    for _ in 0..200 {
        work();
    }
    telemetry.flush().unwrap();
    let spans = collector.spans();
    let count = |name: &str| spans.iter().filter(|(_, span)| span.name == name).count();
    assert_eq!(count("work"), count("inner"));
    // 200 fair coins: outside of 40 to 160 once in 10^16 runs.
    assert!((40..=160).contains(&count("work")), "{}", count("work"));
}
