//! Row "None omitted" of the survey of peers. Not in fastrace, otel-instrument, foundations. Partly in tracing.

use traced::testing::capture;
use traced::traced;

#[traced(attrs(page, size = size.as_ref()))]
fn list(page: Option<i64>, size: Option<String>) {}

#[test]
fn none_is_an_absent_attribute() {
    let ((), spans) = capture(|| {
        list(Some(1), None);
        list(None, Some("big".into()));
    });
    assert_eq!(spans[0].attribute("page"), Some(&1.into()));
    assert_eq!(spans[0].attribute("size"), None);
    assert_eq!(spans[1].attribute("page"), None);
    assert_eq!(spans[1].attribute("size"), Some(&"big".into()));
}
