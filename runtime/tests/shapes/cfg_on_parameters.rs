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
