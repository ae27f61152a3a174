//! Plain functions, on one line and on many.

use std::borrow::Cow;
use std::fmt::Debug;

use traced::traced;

/// One line.
#[rustfmt::skip]
#[traced]
#[must_use]
pub fn one_line() -> i64 { 1 + i64::from(u8::from(true)) }

/// One line with an argument that only the span uses.
///
/// # Errors
///
/// Never.
#[rustfmt::skip]
#[traced(attrs(n))]
pub fn one_line_with_an_argument(n: i64) -> Result<String, String> { Ok(String::new()) }

/// Nothing at all.
#[traced]
pub fn empty() {}

/// Everything captured, of which the body uses nothing.
#[traced(args)]
pub fn captured(a: i64, b: &str, _c: Option<bool>) {}

/// By parameter attributes.
#[traced]
pub fn parameters(#[attr] id: i64, #[attr("book.title")] title: &str, #[allow(unused_variables)] unused: i64) {}

/// Ends in `return`, early and late.
///
/// # Errors
///
/// If it is negative.
#[traced]
pub fn returns(n: i64) -> Result<i64, String> {
    if n > 0 {
        return Ok(n);
    }
    Err("negative".to_owned())
}

/// Never returns.
///
/// # Panics
///
/// Always.
#[traced]
pub fn never() -> ! {
    panic!("never")
}

/// Patterns, `mut`, `_`.
#[traced(attrs(a, b))]
#[must_use]
pub fn patterns((a, mut b): (i64, i64), [c, ..]: [i64; 2], _: &str, mut d: i64) -> i64 {
    b += c;
    d += a;
    b + d
}

/// Generic in every way.
#[traced(attrs(N))]
pub fn generic<'a, T, const N: usize>(items: &'a [T; N], other: &(impl Debug + ?Sized)) -> Cow<'a, str>
where
    T: Debug,
{
    Cow::Owned(format!("{items:?} {other:?}"))
}

/// Gives an iterator.
#[traced]
pub fn iterator(items: &[i64]) -> impl Iterator<Item = i64> + '_ {
    items.iter().map(|n| n + 1)
}

/// Gives a closure, whose signature is that of this one.
#[traced]
pub fn closure(n: usize) -> impl Fn(&str) -> bool {
    move |text| text.len() > n
}

/// Gives a mutable reference.
#[traced(ret(|slot| attrs(slot = slot.as_deref())))]
pub fn slot(slots: &mut [i64], index: usize) -> Option<&mut i64> {
    slots.get_mut(index)
}

/// With everything that may stand at entry.
#[traced(
    name = format!("dynamic {n}"), kind = server, level = debug, scope = "lints", code, root, links(..links),
    if = n > 0, attrs(n, doubled = n * 2, shown = %n, debugged = ?n, masked = redact(n), "literal" = 1, {KEY} = 2)
)]
pub fn entry(n: i64, links: &[traced::opentelemetry::trace::SpanContext]) {}

const KEY: &str = "constant";

/// Measured.
///
/// # Errors
///
/// Never.
#[traced(metrics(name = "lints", n))]
pub fn measured(n: i64) -> Result<i64, String> {
    Ok(n)
}

/// Of nobody's own span.
///
/// # Errors
///
/// Never.
#[traced(current, attrs(n), ok(|n| attrs(m = *n)))]
pub fn enriching(n: i64) -> Result<i64, String> {
    Ok(n)
}
