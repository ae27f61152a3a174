//! `#[cfg]` on parameters.

use traced::testing::capture;
use traced::traced;

#[traced]
fn cfg_on_parameters(#[cfg(not(windows))] a: i64, #[cfg(windows)] a: String) -> i64 {
    a
}

#[test]
fn a_parameter_that_is_left_out_is_no_argument() {
    let (n, spans) = capture(|| cfg_on_parameters(3));
    assert_eq!((n, spans.len()), (3, 1));
}

#[traced(args)]
fn all_captured(#[cfg(not(windows))] a: i64, #[cfg(windows)] a: String, #[cfg(windows)] _gone: u8, b: bool) -> bool {
    b
}

#[traced(args(a))]
async fn some_captured(#[cfg(not(windows))] a: i64, #[cfg(windows)] a: String) {}

#[traced]
fn attributes(
    #[cfg(windows)]
    #[attr]
    gone: u8,
    #[attr("there.key")]
    #[cfg(not(windows))]
    there: i64,
) {
}

#[test]
fn what_is_recorded_of_a_parameter_is_there_when_the_parameter_is() {
    let keys = |span: &traced::testing::CapturedSpan| -> Vec<String> {
        span.attributes.iter().map(|attribute| attribute.key.to_string()).collect()
    };
    let (_, spans) = capture(|| all_captured(3, true));
    assert_eq!(keys(&spans[0]), ["a", "b"]);
    let (_, spans) = capture(|| futures_util::FutureExt::now_or_never(some_captured(3)));
    assert_eq!(keys(&spans[0]), ["a"]);
    let (_, spans) = capture(|| attributes(3));
    assert_eq!(keys(&spans[0]), ["there.key"]);
}
