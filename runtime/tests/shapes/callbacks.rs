//! `dyn Fn` and `impl FnOnce` arguments.

use traced::testing::capture_async;
use traced::traced;

#[traced]
fn callbacks(each: &dyn Fn(i64) -> i64, once: impl FnOnce(i64) -> i64, mut many: impl FnMut()) -> i64 {
    many();
    many();
    once(each(1))
}

#[traced]
async fn callbacks_async<F: AsyncFnOnce(i64) -> i64>(boxed: Box<dyn Fn(i64) -> i64 + Send>, once: F) -> i64 {
    once(boxed(1)).await
}

#[tokio::test]
async fn closures_are_called_once_and_more_often() {
    let mut calls = 0;
    let (values, spans) = capture_async(async {
        (callbacks(&|n| n + 1, |n| n * 10, || calls += 1), callbacks_async(Box::new(|n| n + 1), async |n| n * 2).await)
    })
    .await;
    assert_eq!((values, spans.len(), calls), ((20, 4), 2, 2));
}
