//! Futures that are not `Send` stay so and run.

use std::rc::Rc;

use traced::testing::capture_async;
use traced::traced;

#[traced]
async fn not_send(value: Rc<i64>) -> i64 {
    tokio::task::yield_now().await;
    *value
}

#[tokio::test]
async fn a_future_that_stays_on_its_thread() {
    let (value, spans) = capture_async(not_send(Rc::new(4))).await;
    assert_eq!((value, spans.len()), (4, 1));
}
