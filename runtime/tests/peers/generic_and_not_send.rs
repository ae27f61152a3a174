//! Row "generic async, non-Send" of the survey of peers. Not in otel-instrument, foundations.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use traced::testing::capture_async;
use traced::traced;

#[traced]
async fn generic<T: Clone, const N: usize>(values: [T; N]) -> Vec<T>
where
    [T; N]: Sized,
{
    std::future::ready(()).await;
    values.to_vec()
}

#[traced]
async fn not_send(value: Rc<i64>) -> Rc<i64> {
    tokio::task::yield_now().await;
    value
}

#[traced]
async fn returns_what_is_not_send() -> Rc<i64> {
    tokio::task::yield_now().await;
    Rc::new(1)
}

#[traced]
async fn recursive(n: u64) -> u64 {
    if n == 0 { 0 } else { 1 + Box::pin(recursive(n - 1)).await }
}

/// Each future has the auto traits that the function had without the attribute.
#[test]
fn auto_traits_stay() {
    fn send<T: Send>(_: T) {}
    fn sync<T: Sync>(_: T) {}
    fn unwind_safe<T: UnwindSafe + RefUnwindSafe>(_: T) {}
    send(generic([1]));
    sync(generic([1]));
    unwind_safe(generic([1]));
    send(returns_what_is_not_send());
    send(recursive(1));
}

/// Only one of the two implementations applies to a future that is not Send: otherwise this does not compile.
#[test]
fn a_future_that_was_not_send_is_none() {
    trait Ambiguous<A> {
        fn check() {}
    }
    impl<T> Ambiguous<()> for T {}
    impl<T: Send> Ambiguous<u8> for T {}
    fn not_send_future<T: Ambiguous<A>, A>(_: T) {
        T::check();
    }
    not_send_future(not_send(Rc::new(1)));
}

#[tokio::test]
async fn they_run_inside_their_spans() {
    let (_, spans) = capture_async(async {
        (generic([1, 2]).await, not_send(Rc::new(1)).await, returns_what_is_not_send().await, recursive(2).await)
    })
    .await;
    assert_eq!(spans.len(), 6);
}
