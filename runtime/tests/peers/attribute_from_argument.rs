//! Row "attr from arg" of the survey of peers. Not in foundations, autometrics. Partly in fastrace, Python.

use opentelemetry::Value;
use traced::testing::capture;
use traced::traced;

#[traced(attrs(id = id, title = &title, first = names[0]))]
fn listed(id: i64, title: String, names: &[&'static str]) {}

#[traced]
fn by_parameter(#[attr] id: i64, #[attr("book.title")] title: &str) {}

#[test]
fn arguments_become_attributes_of_their_own_type() {
    let ((), spans) = capture(|| {
        listed(7, "Emma".into(), &["a"]);
        by_parameter(8, "Persuasion");
    });
    assert_eq!(spans[0].attribute("id"), Some(&Value::I64(7)));
    assert_eq!(spans[0].attribute("title"), Some(&"Emma".into()));
    assert_eq!(spans[0].attribute("first"), Some(&"a".into()));
    assert_eq!(spans[1].attribute("id"), Some(&Value::I64(8)));
    assert_eq!(spans[1].attribute("book.title"), Some(&"Persuasion".into()));
}
