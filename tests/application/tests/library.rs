//! A library that is annotated and an application that installs are two crates: the library depends on `traced` without
//! default features, and the application decides.
//!
//! The one test here installs: it is alone in its process.

use std::sync::atomic::Ordering;

use opentelemetry::trace::Status;
use opentelemetry_sdk::trace::InMemorySpanExporter;
use traced_test_library::{EVALUATED, Error, count, everything, find};

#[tokio::test(flavor = "multi_thread")]
async fn a_library_records_where_the_application_installs_and_only_while_it_does() {
    assert_eq!(find(1), Ok("Emma"));
    assert_eq!(EVALUATED.load(Ordering::Relaxed), 0, "nothing is evaluated when nobody records");

    let exporter = InMemorySpanExporter::default();
    let telemetry =
        traced::Telemetry::builder().service_name("application").span_exporter(exporter.clone()).install().unwrap();
    assert_eq!(find(1), Ok("Emma"));
    assert_eq!(find(2), Err(Error::NotFound));
    assert_eq!(count().await, 1);
    telemetry.flush().unwrap();
    let spans = exporter.get_finished_spans().unwrap();
    let names: Vec<&str> = spans.iter().map(|span| &*span.name).collect();
    assert_eq!(names, ["library.find", "library.find", "count"]);
    assert_eq!(EVALUATED.load(Ordering::Relaxed), 2);
    assert_eq!(spans[0].instrumentation_scope.name(), "traced_test_library");
    assert_eq!(spans[0].events.events[0].name, "looked");
    assert!(matches!(spans[1].status, Status::Error { .. }));
    let error_type = spans[1].attributes.iter().find(|kv| kv.key.as_str() == "error.type").unwrap();
    assert_eq!(error_type.value.as_str(), "not_found");

    everything().await;
    telemetry.flush().unwrap();
    let spans = exporter.get_finished_spans().unwrap();
    let parent = spans.iter().find(|span| span.name == "renamed").unwrap();
    let child = spans.iter().find(|span| span.name == "child").unwrap();
    assert_eq!(child.parent_span_id, parent.span_context.span_id());
    assert!(spans.iter().any(|span| span.name == "carried"));

    telemetry.shutdown().unwrap();
    assert_eq!(find(1), Ok("Emma"));
    assert_eq!(EVALUATED.load(Ordering::Relaxed), 2);
}
