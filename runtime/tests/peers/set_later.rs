//! Row "set later in body" of the survey of peers. Partly in tracing.

use traced::testing::capture;
use traced::{attr, current, event, traced};

#[traced]
fn body() {
    attr!(batch.size = 3);
    current().set_attribute("late", "yes");
    event!("half way", done = 1);
}

#[test]
fn the_body_sets_attributes_and_events() {
    let ((), spans) = capture(body);
    assert_eq!(spans[0].attribute("batch.size"), Some(&3.into()));
    assert_eq!(spans[0].attribute("late"), Some(&"yes".into()));
    assert_eq!(spans[0].event("half way").unwrap().attribute("done"), Some(&1.into()));
}
