//! Somebody else's future: said by `future`, or shown by the signature.

use std::pin::Pin;

use opentelemetry::Value;
use opentelemetry::trace::Status;
use traced::testing::capture_async;
use traced::traced;

use crate::{bare, names};

#[traced(future, attrs(n = n), ok(|v| attrs(value = *v)))]
fn delegated(n: i64) -> impl Future<Output = Result<i64, String>> {
    bare(n)
}

#[traced(future)]
fn delegated_boxed(n: i64) -> Pin<Box<dyn Future<Output = Result<i64, String>> + Send>> {
    Box::pin(bare(n))
}

#[tokio::test]
async fn the_span_lasts_until_the_future_is_done() {
    let (values, spans) = capture_async(async { (delegated(2).await, delegated_boxed(3).await) }).await;
    assert_eq!(values, (Ok(2), Ok(3)));
    assert_eq!(names(&spans), ["child", "bare", "delegated", "child", "bare", "delegated_boxed"]);
    assert_eq!(spans.named("delegated").attribute("value"), Some(&Value::I64(2)));
}

/// What is left out of `#[traced]` is shown by the signature.
#[traced(ok(|v| attrs(value = *v)))]
fn shown(n: i64) -> impl Future<Output = Result<i64, String>> {
    bare(n)
}

#[traced]
fn shown_boxed(n: i64) -> futures_util::future::BoxFuture<'static, Result<i64, String>> {
    if n == 0 {
        return Box::pin(std::future::ready(Err("zero".to_owned())));
    }
    Box::pin(async move { Ok(n) })
}

struct Counting(i64);

impl Counting {
    #[traced(future)]
    fn count(&mut self) -> impl Future<Output = i64> + '_ {
        let n = &mut self.0;
        async move {
            *n += 1;
            *n
        }
    }
}

#[tokio::test]
async fn futures_that_the_signature_shows() {
    let (_, spans) = capture_async(async {
        (shown(2).await, shown_boxed(0).await, shown_boxed(1).await, Counting(1).count().await)
    })
    .await;
    assert_eq!(names(&spans), ["child", "bare", "shown", "shown_boxed", "shown_boxed", "count"]);
    assert_eq!(spans.named("shown").attribute("value"), Some(&Value::I64(2)));
    assert_eq!(spans.named("shown_boxed").status, Status::error("zero"));
}
