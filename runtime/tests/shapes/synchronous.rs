//! A plain function: from its call to its return.

use traced::testing::capture;
use traced::traced;

use crate::{child, names};

#[traced]
fn sync(n: i64) -> i64 {
    child();
    n + 1
}

#[test]
fn a_sync_function_runs_inside_its_span() {
    let (n, spans) = capture(|| sync(1));
    assert_eq!(n, 2);
    assert_eq!(names(&spans), ["child", "sync"]);
    assert_eq!(spans[0].parent_span_id, spans[1].span_id());
}
