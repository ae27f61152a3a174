//! Patterns, `mut`, `_` in arguments.

use opentelemetry::Value;
use traced::testing::capture_async;
use traced::traced;

use crate::Memory;

#[traced(attrs(a = a, b = b))]
fn patterns(
    (a, mut b): (i64, i64),
    Memory { offset }: Memory,
    [first, ..]: [i64; 2],
    _: String,
    mut total: i64,
) -> i64 {
    b += 1;
    total += a + b + offset + first;
    total
}

#[traced(attrs(a))]
async fn patterns_async((a, mut b): (i64, i64), _: &str, mut total: i64) -> i64 {
    b += 1;
    total += a + b;
    total
}

#[tokio::test]
async fn what_a_pattern_binds_is_seen_by_the_span_and_changed_by_the_body() {
    let (values, spans) = capture_async(async {
        let sync = patterns((1, 2), Memory { offset: 4 }, [8, 0], String::new(), 16);
        (sync, patterns_async((1, 2), "", 16).await)
    })
    .await;
    assert_eq!(values, (32, 20));
    assert_eq!(spans[0].attribute("b"), Some(&Value::I64(2)));
    assert_eq!(spans[1].attribute("a"), Some(&Value::I64(1)));
}
