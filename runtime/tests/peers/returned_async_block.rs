//! Row "fn -> async block / Box::pin" of the survey of peers. Not in apollo-opentelemetry-macros, otel-instrument,
//! emit, opentelemetry-traceable, autometrics. Partly in fastrace, foundations.

use std::pin::Pin;

use futures_util::FutureExt;
use traced::testing::capture_async;
use traced::traced;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[traced(attrs(id))]
fn boxed<'a>(mut id: i64, log: &'a mut Vec<&'static str>) -> Boxed<'a, Result<i64, String>> {
    log.push("called");
    id += 1;
    Box::pin(async move {
        tokio::task::yield_now().await;
        log.push("polled");
        Ok(id)
    })
}

#[traced]
fn bare(id: i64) -> impl Future<Output = i64> + Send {
    async move { id }
}

#[traced]
fn combinator(id: i64) -> futures_util::future::BoxFuture<'static, i64> {
    async move { id }.boxed()
}

#[tokio::test]
async fn the_span_is_that_of_the_block() {
    let mut log = Vec::new();
    let (values, spans) = capture_async(async { (boxed(1, &mut log).await, bare(3).await, combinator(4).await) }).await;
    assert_eq!(values, (Ok(2), 3, 4));
    assert_eq!(log, ["called", "polled"]);
    assert_eq!(spans.len(), 3);
    assert_eq!(spans[0].attribute("id"), Some(&1.into()), "evaluated at the call");
    let (_, spans) = capture_async(async { drop(bare(1)) }).await;
    assert!(spans.is_empty(), "never polled, no span");
}
