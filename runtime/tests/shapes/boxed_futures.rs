//! `Box::pin(async move { .. })` with statements before it, which run at the call.

use std::pin::Pin;

use opentelemetry::Value;
use traced::testing::{capture, capture_async};
use traced::traced;

use crate::{child, names};

#[traced(attrs(n = n))]
fn boxed<'a>(n: i64, log: &'a mut Vec<&'static str>) -> Pin<Box<dyn Future<Output = Result<i64, String>> + Send + 'a>> {
    log.push("called");
    let doubled = 2 * n;
    Box::pin(async move {
        log.push("polled");
        child();
        if doubled > 100 {
            Err("too many")?
        }
        Ok(doubled)
    })
}

#[tokio::test]
async fn statements_run_at_the_call_and_the_block_inside_the_span() {
    let mut log = Vec::new();
    let (value, spans) = capture_async(async { boxed(4, &mut log).await }).await;
    assert_eq!(value, Ok(8));
    assert_eq!(log, ["called", "polled"]);
    assert_eq!(names(&spans), ["child", "boxed"]);
    assert_eq!(spans.named("boxed").attribute("n"), Some(&Value::I64(4)));
    let mut log = Vec::new();
    let ((), spans) = capture(|| drop(boxed(4, &mut log)));
    assert_eq!(log, ["called"]);
    assert!(spans.is_empty(), "a future that was never polled has no span");
}
