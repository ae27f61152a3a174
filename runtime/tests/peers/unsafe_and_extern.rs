//! Row "unsafe / extern" of the survey of peers. Not in apollo-opentelemetry-macros, otel-instrument.

use traced::testing::capture_async;
use traced::traced;

#[traced]
unsafe fn dangerous(n: *const i64) -> i64 {
    // SAFETY: the caller says that it points to an integer.
    unsafe { *n }
}

#[traced]
extern "C" fn for_c(n: i64) -> i64 {
    n
}

#[traced]
unsafe extern "C" fn both(n: i64) -> i64 {
    n
}

#[traced]
async unsafe fn asynchronous(n: i64) -> i64 {
    n
}

const _: unsafe fn(*const i64) -> i64 = dangerous;
const _: extern "C" fn(i64) -> i64 = for_c;
const _: unsafe extern "C" fn(i64) -> i64 = both;

#[tokio::test]
async fn safety_and_calling_convention_stay() {
    let (_, spans) = capture_async(async {
        // SAFETY: it points to an integer, and the others need nothing.
        unsafe { (dangerous(&1), for_c(1), both(1), asynchronous(1).await) }
    })
    .await;
    assert_eq!(spans.len(), 4);
}
