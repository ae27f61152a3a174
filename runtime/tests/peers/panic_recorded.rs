//! Row "panic recorded" of the survey of peers. Not in tracing, fastrace, apollo-opentelemetry-macros,
//! otel-instrument, opentelemetry-traceable, foundations, autometrics.

use opentelemetry::trace::Status;
use traced::testing::capture;
use traced::traced;

#[traced]
fn panics(sort: &str) {
    panic!("of {sort}");
}

#[test]
fn a_panic_is_recorded_with_its_message_and_goes_on() {
    let (result, spans) = capture(|| std::panic::catch_unwind(|| panics("a sort")));
    assert_eq!(*result.unwrap_err().downcast::<String>().unwrap(), "of a sort");
    assert_eq!(spans[0].status, Status::error("panicked: of a sort"));
    assert_eq!(spans[0].event("exception").unwrap().attribute("exception.message"), Some(&"of a sort".into()));
}
