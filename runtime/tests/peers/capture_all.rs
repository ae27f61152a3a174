//! Row "skip / capture all" of the survey of peers. Partly in Python.

use traced::testing::capture;
use traced::traced;

#[derive(Debug)]
struct Page(#[expect(dead_code)] i64);

#[traced]
fn nothing(id: i64) -> i64 {
    id
}

#[traced(args)]
fn all(id: i64, page: Page, _unused: &str) {
    let _ = page;
}

#[traced(args(page))]
fn some(id: i64, page: Page) -> i64 {
    let _ = page;
    id
}

#[test]
fn nothing_is_captured_unless_asked_for() {
    let (_, spans) = capture(|| (nothing(1), all(2, Page(3), "x"), some(4, Page(5))));
    assert!(spans[0].attributes.is_empty());
    assert_eq!(spans[1].attribute("id"), Some(&2.into()));
    assert_eq!(spans[1].attribute("page"), Some(&"Page(3)".into()), "what is no attribute value shows its Debug form");
    assert_eq!(spans[1].attribute("_unused"), Some(&"x".into()));
    assert_eq!(spans[2].attributes.len(), 1);
}
