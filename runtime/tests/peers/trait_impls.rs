//! Row "trait impl, AFIT" of the survey of peers. Not in otel-instrument.

use traced::testing::capture_async;
use traced::traced;

trait Shape {
    fn area(&self) -> f64;
    fn load(&self) -> impl Future<Output = i64> + Send;
    #[traced]
    fn twice(&self) -> f64 {
        2.0 * self.area()
    }
}

struct Square(f64);

impl Shape for Square {
    #[traced(attrs(side = self.0))]
    fn area(&self) -> f64 {
        self.0 * self.0
    }
    #[traced]
    async fn load(&self) -> i64 {
        tokio::task::yield_now().await;
        1
    }
}

#[tokio::test]
async fn methods_of_traits_async_ones_too() {
    let (_, spans) = capture_async(async { (Square(2.0).twice(), Square(1.0).load().await) }).await;
    assert_eq!(spans.named("area").parent_span_id, spans.named("twice").span_id());
    assert_eq!(spans.named("area").attribute("side"), Some(&2.0.into()));
    assert_eq!(spans.named("load").parent_span_id, opentelemetry::trace::SpanId::INVALID);
}
