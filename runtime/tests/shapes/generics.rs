//! Const parameters and where clauses.

use std::fmt::Debug;

use opentelemetry::Value;
use traced::testing::capture_async;
use traced::traced;

#[traced(attrs(n = N, len = items.len()))]
fn generic<'a, T, const N: usize>(items: &'a [T; N]) -> Vec<T>
where
    T: Debug + Clone + 'a,
{
    items.to_vec()
}

#[traced]
async fn generic_async<T>(value: T) -> T
where
    T: Clone,
{
    value.clone()
}

#[tokio::test]
async fn parameters_are_seen_by_the_span() {
    let (_, spans) = capture_async(async { (generic(&[1, 2, 3]), generic_async("x").await) }).await;
    assert_eq!(spans[0].attribute("n"), Some(&Value::I64(3)));
    assert_eq!(spans[0].attribute("len"), Some(&Value::I64(3)));
    assert_eq!(spans.len(), 2);
}
