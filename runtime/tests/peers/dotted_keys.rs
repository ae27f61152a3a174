//! Row "dotted keys" of the survey of peers. Not in otel-instrument. Partly in emit.

use traced::testing::capture;
use traced::traced;

const KEY: &str = "from.a.const";

#[traced(attrs(http.request.method = "GET", error.type = "keyword", r#final.r#type = 1, "with-dash" = 2, {KEY} = 3))]
fn keys() {}

#[test]
fn keys_are_dotted_with_keywords_in_them_or_literal_or_constant() {
    let ((), spans) = capture(keys);
    let found: Vec<&str> = spans[0].attributes.iter().map(|kv| kv.key.as_str()).collect();
    assert_eq!(found, ["http.request.method", "error.type", "final.type", "with-dash", "from.a.const"]);
}
