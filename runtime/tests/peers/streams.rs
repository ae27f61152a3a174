//! Row "Stream" of the survey of peers. Not in tracing, fastrace, apollo-opentelemetry-macros, otel-instrument, emit,
//! opentelemetry-traceable, foundations, autometrics. Partly in Python.

use futures_util::{Stream, StreamExt, stream};
use traced::testing::capture_async;
use traced::traced;

#[traced]
fn item() -> i64 {
    1
}

#[traced(stream, attrs(n))]
fn items(n: i64) -> impl Stream<Item = i64> {
    stream::iter(0..n).map(|i| i + item())
}

#[tokio::test]
async fn the_span_lasts_from_the_first_item_to_the_end() {
    let (all, spans) = capture_async(async { items(3).collect::<Vec<_>>().await }).await;
    assert_eq!(all, [1, 2, 3]);
    assert_eq!(spans.children(spans.named("items")).count(), 3);
    let (_, spans) = capture_async(async { drop(items(3)) }).await;
    assert!(spans.is_empty(), "never polled, no span");
}
