use traced::traced;

#[traced]
#[must_use]
#[inline]
#[allow(dead_code)]
/// Documented.
fn before() -> i64 {
    1
}

#[must_use]
#[traced]
fn after() -> i64 {
    1
}

#[traced]
#[cfg(any())]
fn left_out() -> Missing {}

fn main() {
    assert_eq!(before() + after(), 2);
}
