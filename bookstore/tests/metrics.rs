//! What `/metrics` tells of a session with the service.

use bookstore::testing::TestApp;
use bookstore::testing::api::{Visitor, isbn};
use traced::Telemetry;

/// The one line that has all of `parts`, and its number.
fn number(text: &str, parts: &[&str]) -> f64 {
    let lines: Vec<_> = text.lines().filter(|line| parts.iter().all(|part| line.contains(part))).collect();
    let [line] = lines.as_slice() else { panic!("{parts:?}: {lines:?} in\n{text}") };
    line.rsplit(' ').next().unwrap_or_default().parse().expect("a number")
}

#[tokio::test]
async fn requests_statements_and_spans_are_counted_and_the_scrapes_are_not() {
    let telemetry = Telemetry::builder()
        .environment(|_| None)
        .span_exporter(traced::opentelemetry_sdk::trace::InMemorySpanExporter::default())
        .prometheus()
        .install()
        .expect("a telemetry");
    let app = TestApp::embedded().await;
    app.app().serve_metrics(telemetry.prometheus().expect("metrics"));
    let visitor = Visitor::registered(&app, "ada").await;
    let id = visitor.book("Notes", &isbn(1)).await;
    visitor.get("/metrics").await.expect(200);
    visitor.get(&format!("/books/{id}")).await.expect(200);
    visitor.get("/books/0").await.expect(404);
    let text = visitor.get("/metrics").await.expect(200).text;

    let requests = "http_server_request_duration_seconds_count";
    let read = [requests, "http_request_method=\"GET\"", "http_route=\"/books/{id}\""];
    assert_eq!(number(&text, &[&read[..], &["status_code=\"200\""]].concat()), 1.0);
    assert_eq!(number(&text, &[&read[..], &["status_code=\"404\""]].concat()), 1.0);
    assert!(!text.contains("http_route=\"/metrics\""), "{text}");
    let insert = ["db_client_operation_duration_seconds_count", "db_query_summary=\"INSERT books\""];
    assert_eq!(number(&text, &insert), 1.0);
    assert!(number(&text, &["otel_sdk_span_started_total{"]) > 5.0);
    assert_eq!(number(&text, &["otel_sdk_exporter_span_exported_total{", "rejected"]), 0.0);
    app.stop().await;
    telemetry.shutdown().expect("everything delivered");
}
