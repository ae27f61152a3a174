//! Row "success event" of the survey of peers. Not in fastrace, apollo-opentelemetry-macros, otel-instrument,
//! opentelemetry-traceable, foundations, Java, Python. Partly in tracing, emit.

use opentelemetry::trace::Status;
use traced::testing::capture;
use traced::traced;

#[traced(ok(|b| event("created", id = *b), status = ok))]
fn create(id: i64) -> Result<i64, String> {
    if id > 0 { Ok(id) } else { Err("no".into()) }
}

#[test]
fn success_is_told_by_an_event_and_status_ok() {
    let (_, spans) = capture(|| (create(1), create(0)));
    assert_eq!(spans[0].event("created").unwrap().attribute("id"), Some(&1.into()));
    assert_eq!(spans[0].status, Status::Ok);
    assert!(spans[1].event("created").is_none());
}
