//! Row "error classification" of the survey of peers. Not in tracing, fastrace, apollo-opentelemetry-macros,
//! otel-instrument, opentelemetry-traceable, foundations, Java, Python. Partly in emit.

use opentelemetry::trace::Status;
use traced::testing::capture;
use traced::{ErrorType, traced};

#[derive(Debug, ErrorType)]
enum Error {
    #[error_type("not_found", expected)]
    NotFound,
    #[error_type("conflict", sensitive)]
    Conflict,
    Other,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("secret text")
    }
}

#[traced(err(expected(Error::Other if calm)))]
fn fails(error: Error, calm: bool) -> Result<(), Error> {
    Err(error)
}

#[test]
fn expected_and_sensitive_errors_are_told_apart() {
    let (_, spans) = capture(|| {
        (
            fails(Error::NotFound, false),
            fails(Error::Conflict, false),
            fails(Error::Other, true),
            fails(Error::Other, false),
        )
    });
    assert_eq!(spans[0].status, Status::Unset);
    assert_eq!(spans[0].attribute("traced.expected_error"), Some(&"not_found".into()));
    assert_eq!(spans[1].status, Status::error(""));
    assert!(!format!("{:?}", spans[1]).contains("secret"));
    assert_eq!(spans[2].status, Status::Unset);
    assert_eq!(spans[3].status, Status::error("secret text"));
}
