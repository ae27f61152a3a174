//! `unsafe` stays.

use traced::testing::capture_async;
use traced::traced;

#[traced]
unsafe fn dangerous(pointer: *const i64) -> i64 {
    // SAFETY: the caller says that it points to an integer.
    unsafe { *pointer }
}

#[traced]
async unsafe fn dangerous_async(pointer: *const i64) -> i64 {
    // SAFETY: the caller says that it points to an integer.
    unsafe { *pointer }
}

const _: unsafe fn(*const i64) -> i64 = dangerous;

#[tokio::test]
async fn an_unsafe_function_stays_one() {
    // SAFETY: they point to an integer.
    let (sum, spans) = capture_async(async { unsafe { dangerous(&1) + dangerous_async(&2).await } }).await;
    assert_eq!((sum, spans.len()), (3, 2));
}
