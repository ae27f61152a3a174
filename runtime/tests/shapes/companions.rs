//! `span!` as guard, closure and future.

use opentelemetry::Value;
use traced::testing::capture;
use traced::{event, span};

use crate::{child, names};

#[test]
fn span_as_guard_closure_and_future() {
    let (n, spans) = capture(|| {
        let _outer = span!("outer", n = 1);
        event!("inside", k = "v");
        let n = span!("closure", || {
            child();
            7
        });
        futures_util::FutureExt::now_or_never(span!("future", answer = n, async { child() })).unwrap();
        n
    });
    assert_eq!(n, 7);
    assert_eq!(names(&spans), ["child", "closure", "child", "future", "outer"]);
    let outer = spans.named("outer");
    assert_eq!(outer.attribute("n"), Some(&Value::I64(1)));
    assert!(outer.event("inside").is_some());
    assert_eq!(spans.children(outer).count(), 2);
}
