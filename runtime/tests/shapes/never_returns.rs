//! `-> !`, sync and async.

use std::convert::Infallible;

use opentelemetry::trace::Status;
use traced::testing::capture;
use traced::traced;

#[traced]
fn never() -> ! {
    panic!("no way back");
}

#[traced]
async fn never_async() -> ! {
    tokio::task::yield_now().await;
    panic!("no way back");
}

#[tokio::test]
async fn a_function_that_never_returns() {
    let (_, spans) = capture(|| std::panic::catch_unwind(|| never()).map(|never: Infallible| never));
    assert_eq!(spans.named("never").status, Status::error("panicked: no way back"));
    let context = traced::testing::Capture::start();
    let attached = context.context().clone().attach();
    let task = traced::spawn(async {
        never_async().await;
    });
    drop(attached);
    task.await.unwrap_err();
    assert_eq!(context.spans().named("never_async").status, Status::error("panicked: no way back"));
}
