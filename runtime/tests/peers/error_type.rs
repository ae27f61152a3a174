//! Row "error.type" of the survey of peers. Not in tracing, fastrace, apollo-opentelemetry-macros, otel-instrument,
//! emit, opentelemetry-traceable, foundations, autometrics.

use traced::testing::capture;
use traced::{ErrorType, traced};

#[derive(Debug, ErrorType)]
enum Error {
    #[error_type("rate_limited")]
    Limited,
    TimedOut,
}

#[traced]
fn fails(error: Error) -> Result<(), Error> {
    Err(error)
}

#[traced(err(type = "remote"))]
fn by_clause() -> Result<(), String> {
    Err(String::new())
}

#[traced]
fn plain() -> Result<(), std::fmt::Error> {
    Err(std::fmt::Error)
}

#[test]
fn an_error_says_its_low_cardinality_type() {
    let (_, spans) = capture(|| (fails(Error::Limited), fails(Error::TimedOut), by_clause(), plain()));
    let types: Vec<String> = spans.iter().map(|span| span.attribute("error.type").unwrap().to_string()).collect();
    assert_eq!(types, ["rate_limited", "timed_out", "remote", "core::fmt::Error"]);
}
