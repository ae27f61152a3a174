//! Row "arbitrary expr" of the survey of peers. Not in foundations, Java, Python. Partly in fastrace.

use traced::testing::capture;
use traced::traced;

#[traced(attrs(
    sum = a + b,
    chosen = if a > b { "a" } else { "b" },
    matched = match b { 0 => "none", 1 | 2 => "few", _ => "many" },
    block = { let twice = a * 2; twice },
    closure = (|n: i64| n + 1)(a),
))]
fn computed(a: i64, b: i64) {}

#[test]
fn any_expression_is_a_value() {
    let ((), spans) = capture(|| computed(3, 2));
    let span = &spans[0];
    assert_eq!(span.attribute("sum"), Some(&5.into()));
    assert_eq!(span.attribute("chosen"), Some(&"a".into()));
    assert_eq!(span.attribute("matched"), Some(&"few".into()));
    assert_eq!(span.attribute("block"), Some(&6.into()));
    assert_eq!(span.attribute("closure"), Some(&4.into()));
}
