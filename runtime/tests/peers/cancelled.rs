//! Row "cancelled future marked" of the survey of peers. Not in tracing, fastrace, apollo-opentelemetry-macros,
//! otel-instrument, emit, opentelemetry-traceable, foundations, autometrics.

use futures_util::FutureExt;
use opentelemetry::trace::Status;
use traced::testing::capture_async;
use traced::traced;

#[traced]
async fn waits() {
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_future_dropped_half_way_says_so() {
    let (_, spans) = capture_async(async { waits().now_or_never() }).await;
    assert_eq!(spans[0].attribute("traced.cancelled"), Some(&true.into()));
    assert_eq!(spans[0].status, Status::Unset);
}
