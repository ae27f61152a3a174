//! Recursion, sync and async.

use traced::testing::capture_async;
use traced::traced;

#[traced(attrs(n = n))]
fn recursive(n: u64) -> u64 {
    if n == 0 { 0 } else { 1 + recursive(n - 1) }
}

#[traced(attrs(n))]
async fn recursive_async(n: u64) -> u64 {
    if n == 0 { 0 } else { 1 + Box::pin(recursive_async(n - 1)).await }
}

#[tokio::test]
async fn each_call_nests_in_the_one_before() {
    let (depths, spans) = capture_async(async { (recursive(3), recursive_async(3).await) }).await;
    assert_eq!(depths, (3, 3));
    for span in spans.iter().filter(|span| span.attribute("n") != Some(&3.into())) {
        let parent = spans.iter().find(|other| other.span_id() == span.parent_span_id).unwrap();
        assert_eq!(parent.name, span.name);
    }
    assert_eq!(spans.len(), 8);
}
