//! Row "scope choice" of the survey of peers. Not in tracing, fastrace, foundations. Partly in emit.

use traced::testing::capture;
use traced::traced;

#[traced(scope = "com.example.books")]
fn chosen() {}

#[traced]
fn default() {}

#[test]
fn the_scope_is_the_module_unless_said_otherwise() {
    let ((), spans) = capture(|| {
        chosen();
        default();
    });
    assert_eq!([&*spans[0].scope, &*spans[1].scope], ["com.example.books", module_path!()]);
}
