//! Row "name override" of the survey of peers. Partly in autometrics.

use traced::testing::capture;
use traced::traced;

#[traced("GET /books")]
fn bare() {}

#[traced(name = "books.list")]
fn named() {}

#[test]
fn a_span_is_called_as_it_says() {
    let ((), spans) = capture(|| {
        bare();
        named();
    });
    assert_eq!([&*spans[0].name, &*spans[1].name], ["GET /books", "books.list"]);
}
