//! Row "opaque return impl T" of the survey of peers. Not in otel-instrument, opentelemetry-traceable.

use traced::testing::capture_async;
use traced::traced;

struct Numbers(Vec<i64>);

impl Numbers {
    #[traced]
    fn iter(&self) -> impl Iterator<Item = &i64> {
        self.0.iter()
    }

    #[traced]
    async fn iter_async(&self) -> Result<impl Iterator<Item = impl ToString>, String> {
        Ok(self.0.iter())
    }
}

#[traced]
fn adder(n: i64) -> impl Fn(i64) -> i64 {
    move |m| n + m
}

#[tokio::test]
async fn opaque_types_stay_what_they_are() {
    let numbers = Numbers(vec![1, 2]);
    let (sum, spans) = capture_async(async {
        numbers.iter().sum::<i64>() + adder(1)(1) + numbers.iter_async().await.unwrap().count() as i64
    })
    .await;
    assert_eq!(sum, 7);
    assert_eq!(spans.len(), 3);
}
