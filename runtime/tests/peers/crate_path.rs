//! Row "crate path" of the survey of peers. Not in tracing, apollo-opentelemetry-macros, otel-instrument, emit,
//! opentelemetry-traceable, autometrics.

use traced::testing::capture;
use traced::traced;

mod facade {
    pub(super) mod reexported {
        pub(in super::super) use traced::__private;
    }
}

#[traced(crate = facade::reexported, attrs(n))]
fn f(n: i64) -> Result<i64, String> {
    Ok(n)
}

#[test]
fn the_crate_is_found_where_it_is_said_to_be() {
    let (_, spans) = capture(|| f(1));
    assert_eq!(spans[0].attribute("n"), Some(&1.into()));
}
