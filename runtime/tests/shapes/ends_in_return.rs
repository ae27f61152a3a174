//! Bodies that end in `return`.

use traced::testing::capture_async;
use traced::traced;

#[traced(ret(|n| attrs(n = *n)))]
fn returns(n: i64) -> i64 {
    return n;
}

#[traced(ok(|n| attrs(n = *n)))]
async fn returns_async(n: i64) -> Result<i64, String> {
    if n < 0 {
        return Err("negative".to_owned());
    }
    return Ok(n);
}

#[traced(ok(|n| attrs(n = *n)))]
fn returns_boxed(n: i64) -> futures_util::future::BoxFuture<'static, Result<i64, String>> {
    return Box::pin(async move { Ok(n) });
}

#[tokio::test]
async fn what_is_returned_is_seen() {
    let (_, spans) = capture_async(async { (returns(1), returns_async(1).await, returns_boxed(1).await) }).await;
    assert_eq!(spans.len(), 3);
    for span in spans.iter() {
        assert_eq!(span.attribute("n"), Some(&1.into()), "{}", span.name);
    }
}
