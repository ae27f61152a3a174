//! Row "None handling" of the survey of peers. Not in tracing, fastrace, apollo-opentelemetry-macros,
//! otel-instrument, emit, opentelemetry-traceable, foundations, Java, Python. Partly in autometrics.

use opentelemetry::trace::Status;
use traced::testing::capture_async;
use traced::traced;

#[traced(none(event("Book not found"), status = error("Book not found")), some(|id| attrs(id = *id)))]
fn find(id: Option<i64>) -> Option<i64> {
    id
}

#[traced(none(event("nothing")))]
async fn find_inside(found: Result<Option<i64>, String>) -> Result<Option<i64>, String> {
    found
}

#[tokio::test]
async fn none_says_what_it_means_also_inside_ok() {
    let (_, spans) = capture_async(async {
        (find(None), find(Some(1)), find_inside(Ok(None)).await, find_inside(Err("x".into())).await)
    })
    .await;
    assert_eq!(spans[0].status, Status::error("Book not found"));
    assert!(spans[0].event("Book not found").is_some());
    assert_eq!(spans[1].status, Status::Unset);
    assert_eq!(spans[1].attribute("id"), Some(&1.into()));
    assert!(spans[2].event("nothing").is_some());
    assert!(spans[3].event("nothing").is_none());
}
