//! Row "typed values" of the survey of peers. Not in fastrace, otel-instrument. Partly in tracing.

use opentelemetry::{Array, Value};
use traced::testing::capture;
use traced::traced;

#[traced(attrs(small = 3_u8, word = 4_u32, size = 5_usize, wide = u64::MAX, single = 1.5_f32, yes = true, list = [1_u16, 2],
    words = vec!["a", "b"]))]
fn typed() {}

#[test]
fn every_primitive_keeps_its_type() {
    let ((), spans) = capture(typed);
    let span = &spans[0];
    assert_eq!(span.attribute("small"), Some(&Value::I64(3)));
    assert_eq!(span.attribute("word"), Some(&Value::I64(4)));
    assert_eq!(span.attribute("size"), Some(&Value::I64(5)));
    assert_eq!(span.attribute("wide"), Some(&u64::MAX.to_string().into()));
    assert_eq!(span.attribute("single"), Some(&Value::F64(1.5)));
    assert_eq!(span.attribute("yes"), Some(&Value::Bool(true)));
    assert_eq!(span.attribute("list"), Some(&Value::Array(Array::I64(vec![1, 2]))));
    assert_eq!(span.attribute("words"), Some(&Value::Array(Array::String(vec!["a".into(), "b".into()]))));
}
