//! `#![..]` in a body.

use traced::testing::capture_async;
use traced::traced;

#[traced]
fn inner_attributes() -> i64 {
    #![allow(unused_variables)]
    let unused = 1;
    2
}

#[traced]
async fn inner_attributes_async() -> i64 {
    //! Documented inside.
    #![allow(unused_variables)]
    let unused = 1;
    2
}

#[tokio::test]
async fn inner_attributes_hold() {
    let (sum, spans) = capture_async(async { inner_attributes() + inner_attributes_async().await }).await;
    assert_eq!((sum, spans.len()), (4, 2));
}
