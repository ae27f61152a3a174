//! A bare `async` block as the last expression.

use traced::testing::{capture, capture_async};
use traced::{span, traced};

use crate::{bare, names};

#[tokio::test]
async fn the_span_is_that_of_the_block() {
    let (value, spans) = capture_async(async { bare(1).await }).await;
    assert_eq!(value, Ok(1));
    assert_eq!(names(&spans), ["child", "bare"]);
    let ((), spans) = capture(|| drop(bare(1)));
    assert!(spans.is_empty(), "a future that was never polled has no span");
}

/// An earlier `return` would pass the block by: then what is returned is taken as a whole.
#[traced]
fn early(n: i64) -> futures_util::future::BoxFuture<'static, i64> {
    if n == 0 {
        return Box::pin(std::future::ready(0));
    }
    Box::pin(async move { n })
}

#[tokio::test]
async fn a_return_before_the_block() {
    let (values, spans) = capture_async(async { (early(0).await, early(1).await) }).await;
    assert_eq!(values, (0, 1));
    assert_eq!(names(&spans), ["early", "early"]);
}

#[tokio::test]
async fn a_returned_future_nests_where_it_is_first_polled() {
    let (_, spans) = capture_async(async {
        let made_outside = bare(1);
        span!("outer", async { made_outside.await.unwrap() }).await
    })
    .await;
    assert_eq!(spans.named("bare").parent_span_id, spans.named("outer").span_id());
}
