//! Row "fn -> delegated Future" of the survey of peers. Not in tracing, fastrace, apollo-opentelemetry-macros,
//! otel-instrument, emit, opentelemetry-traceable, foundations, autometrics.

use opentelemetry::trace::Status;
use traced::testing::capture_async;
use traced::traced;

async fn inner(n: i64) -> Result<i64, String> {
    tokio::task::yield_now().await;
    if n > 0 { Ok(n) } else { Err("no".into()) }
}

#[traced(future, attrs(n), ok(|v| attrs(value = *v)))]
fn delegated(n: i64) -> impl Future<Output = Result<i64, String>> {
    inner(n)
}

#[tokio::test]
async fn the_span_lasts_until_the_future_is_done() {
    let (_, spans) = capture_async(async { (delegated(1).await, delegated(0).await) }).await;
    assert_eq!(spans[0].attribute("value"), Some(&1.into()));
    assert_eq!(spans[1].status, Status::error("no"));
}
