//! Streams: from the first poll to the end or the drop, children nest per item.

use std::pin::pin;

use futures_util::{Stream, StreamExt, stream};
use opentelemetry::Value;
use opentelemetry::trace::Status;
use traced::testing::capture_async;
use traced::traced;

use crate::child;

#[traced(stream, attrs(n = n))]
fn numbers(n: i64) -> impl Stream<Item = Result<i64, String>> {
    stream::iter(0..n).map(|i| {
        child();
        if i == 3 { Err("three".to_owned()) } else { Ok(i) }
    })
}

#[tokio::test]
async fn streams_end_their_span_at_their_end_and_children_nest_per_item() {
    let (items, spans) = capture_async(async { numbers(3).collect::<Vec<_>>().await }).await;
    assert_eq!(items, [Ok(0), Ok(1), Ok(2)]);
    let stream = spans.named("numbers");
    assert_eq!(spans.children(stream).count(), 3);
    assert_eq!(stream.status, Status::Unset);
    assert_eq!(stream.attribute("traced.cancelled"), None);

    let (_, spans) = capture_async(async { numbers(5).collect::<Vec<_>>().await }).await;
    assert_eq!(spans.named("numbers").status, Status::error("three"));

    let (_, spans) = capture_async(async { pin!(numbers(5)).next().await }).await;
    assert_eq!(spans.named("numbers").attribute("traced.cancelled"), Some(&Value::Bool(true)));
}

#[traced(stream, ok(status = ok))]
fn statuses(items: Vec<Result<i64, String>>) -> impl Stream<Item = Result<i64, String>> {
    stream::iter(items)
}

#[tokio::test]
async fn a_stream_has_succeeded_only_if_no_item_failed() {
    let bad = || Err("bad".to_owned());
    for (items, status) in [
        (vec![Ok(1), Ok(2)], Status::Ok),
        (vec![Ok(1), bad()], Status::error("bad")),
        (vec![bad(), Ok(1)], Status::error("bad")),
    ] {
        let (_, spans) = capture_async(async { statuses(items).collect::<Vec<_>>().await }).await;
        assert_eq!(spans[0].status, status);
    }
}
