//! `?Sized`.

use std::fmt::Debug;

use traced::testing::capture;
use traced::traced;

#[traced]
fn unsized_argument<T: Debug + ?Sized>(value: &T) -> String {
    format!("{value:?}")
}

#[traced(attrs(len = values.as_ref().len()))]
fn unsized_slice<T: AsRef<[u8]> + ?Sized>(values: &T) -> &[u8] {
    values.as_ref()
}

#[test]
fn what_has_no_size_is_borrowed() {
    let (texts, spans) = capture(|| (unsized_argument("x"), unsized_argument(&[1][..]), unsized_slice("abc").len()));
    assert_eq!(texts, ("\"x\"".to_owned(), "[1]".to_owned(), 3));
    assert_eq!(spans[2].attribute("len"), Some(&3.into()));
}
