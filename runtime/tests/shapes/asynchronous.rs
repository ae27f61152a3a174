//! An `async fn`: from its first poll to its last.

use traced::testing::capture_async;
use traced::traced;

use crate::{child, names};

#[traced]
async fn asynchronous(n: i64) -> i64 {
    tokio::task::yield_now().await;
    child();
    n + 1
}

#[tokio::test]
async fn an_async_function_runs_inside_its_span_at_every_poll() {
    let (both, spans) = capture_async(async { tokio::join!(asynchronous(1), asynchronous(2)) }).await;
    assert_eq!(both, (2, 3));
    assert_eq!(spans.len(), 4);
    for parent in spans.iter().filter(|span| span.name == "asynchronous") {
        assert_eq!(spans.children(parent).count(), 1);
    }
}

#[tokio::test]
async fn a_future_that_is_never_polled_has_no_span() {
    let ((), spans) = capture_async(async { drop(asynchronous(1)) }).await;
    assert_eq!(names(&spans), [] as [&str; 0]);
}
