//! Every way to take `self`.

use opentelemetry::Value;
use traced::testing::capture_async;
use traced::traced;

struct Counter(i64);

impl Counter {
    #[traced]
    fn by_value(self) -> i64 {
        self.0
    }
    #[traced]
    fn by_mutable_value(mut self) -> i64 {
        self.0 += 1;
        self.0
    }
    #[traced(attrs(before = self.0), ret(|after| attrs(after = *after)))]
    fn by_mut(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }
    #[traced]
    fn boxed(self: Box<Self>) -> i64 {
        self.0
    }
    #[traced]
    async fn by_mut_async(&mut self) -> &mut i64 {
        &mut self.0
    }
}

#[tokio::test]
async fn a_method_has_its_self() {
    let (_, spans) = capture_async(async {
        assert_eq!(Counter(1).by_value(), 1);
        assert_eq!(Counter(1).by_mutable_value(), 2);
        assert_eq!(Counter(1).by_mut(), 2);
        assert_eq!(Box::new(Counter(1)).boxed(), 1);
        *Counter(1).by_mut_async().await += 1;
    })
    .await;
    assert_eq!(spans.named("by_mut").attribute("before"), Some(&Value::I64(1)));
    assert_eq!(spans.named("by_mut").attribute("after"), Some(&Value::I64(2)));
}
