//! Row "exception event type+message+stack" of the survey of peers. Not in fastrace, apollo-opentelemetry-macros,
//! opentelemetry-traceable, foundations. Partly in tracing, otel-instrument, emit.

use traced::testing::capture;
use traced::traced;

#[derive(Debug, thiserror::Error)]
#[error("store failed")]
struct StoreError(#[source] std::num::ParseIntError);

#[traced]
fn load() -> Result<i64, StoreError> {
    "x".parse().map_err(StoreError)
}

#[test]
fn one_event_with_type_message_and_causes() {
    let (_, spans) = capture(load);
    assert_eq!(spans[0].events.len(), 1);
    let exception = spans[0].event("exception").unwrap();
    let text = |key| exception.attribute(key).unwrap().to_string();
    assert!(text("exception.type").ends_with("exception_event::StoreError"));
    assert_eq!(text("exception.message"), "store failed");
    assert_eq!(text("exception.stacktrace"), "store failed\n\nCaused by:\n    0: invalid digit found in string");
}
