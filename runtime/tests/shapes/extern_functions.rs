//! `extern` stays, with its calling convention and its exported name.

use traced::testing::capture;
use traced::traced;

#[traced]
extern "C" fn for_c(n: i64) -> i64 {
    n
}

#[traced(attrs(n))]
#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn traced_test_exported_shape(n: i64) -> i64 {
    n
}

const _: extern "C" fn(i64) -> i64 = for_c;
const _: unsafe extern "C-unwind" fn(i64) -> i64 = traced_test_exported_shape;

#[test]
fn a_calling_convention_stays() {
    // SAFETY: it needs nothing.
    let (sum, spans) = capture(|| for_c(1) + unsafe { traced_test_exported_shape(2) });
    assert_eq!((sum, spans.len()), (3, 2));
}
