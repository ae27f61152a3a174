//! Row "-> ! sync/async" of the survey of peers. Not in tracing, apollo-opentelemetry-macros, otel-instrument,
//! autometrics. (sync/async: fastrace Y/N, emit Y/Y, opentelemetry-traceable Y/Y, foundations Y/Y.)

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use opentelemetry::trace::Status;
use traced::testing::capture_async;
use traced::traced;

#[traced]
fn never() -> ! {
    panic!("sync")
}

#[traced]
async fn never_async() -> ! {
    tokio::task::yield_now().await;
    panic!("async")
}

#[tokio::test]
async fn functions_that_never_return_have_spans() {
    let (_, spans) = capture_async(async {
        let _ = std::panic::catch_unwind(|| -> () { never() });
        let _ = AssertUnwindSafe(async { never_async().await }).catch_unwind().await.map(|never: Infallible| never);
    })
    .await;
    assert_eq!(spans.named("never").status, Status::error("panicked: sync"));
    assert_eq!(spans.named("never_async").status, Status::error("panicked: async"));
}
