//! Row "redaction" of the survey of peers. Not in tracing, fastrace, apollo-opentelemetry-macros, otel-instrument,
//! emit, opentelemetry-traceable, foundations, Java.

use traced::testing::capture;
use traced::{Redacted, traced};

#[traced(attrs(card = redact(card), present = redact(absent)))]
fn pay(card: &str, absent: Option<&str>) -> usize {
    card.len() + absent.map_or(0, str::len)
}

#[traced(args)]
fn wrapped(card: Redacted<&'static str>) -> usize {
    card.0.len()
}

#[test]
fn a_redacted_value_is_present_and_masked() {
    let (_, spans) = capture(|| (pay("4111", None), wrapped(Redacted("4111"))));
    assert_eq!(spans[0].attribute("card"), Some(&"REDACTED".into()));
    assert_eq!(spans[0].attribute("present"), None);
    assert_eq!(spans[1].attribute("card"), Some(&"REDACTED".into()));
}
