//! Row "code.* attributes" of the survey of peers. Not in fastrace, apollo-opentelemetry-macros, otel-instrument,
//! emit, opentelemetry-traceable, foundations. Partly in tracing, Python.

use traced::testing::capture;
use traced::traced;

#[traced(code)]
fn located() {}

#[test]
fn where_a_span_comes_from_by_the_stable_conventions() {
    let ((), spans) = capture(located);
    let text = |key| spans[0].attribute(key).unwrap().to_string();
    assert_eq!(text("code.function.name"), concat!(module_path!(), "::located"));
    assert_eq!(text("code.file.path"), file!());
    assert_eq!(text("code.line.number").parse(), Ok(line!() - 9));
}
