//! Spans around futures and closures that somebody else wrote.

use std::borrow::Cow;

use super::{InSpan, Pending, Site, Start, sync};
use crate::outcome::Outcome;

static SITE: Site = Site::new("foreign", "traced");

/// `.traced("name")` on a future.
///
/// ```
/// use traced::FutureExt as _;
///
/// # let rt = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # let (answer, spans) = rt.block_on(traced::testing::capture_async(async {
/// std::future::ready(42).traced("answer").await
/// # }));
/// # assert_eq!((answer, spans[0].name.as_str()), (42, "answer"));
/// ```
pub trait FutureExt: Future + Sized {
    /// The same future, inside a span that opens at its first poll. A panic and a drop half-way are recorded on it; for
    /// what the future returns, put it in a function under [`#[traced]`](macro@crate::traced).
    fn traced(self, name: impl Into<Cow<'static, str>>) -> impl Future<Output = Self::Output>;
}

impl<F: Future> FutureExt for F {
    fn traced(self, name: impl Into<Cow<'static, str>>) -> impl Future<Output = F::Output> {
        let pending =
            if SITE.is_on() { Pending::new(Start::new(&SITE, &mut |_| ()).name(name.into())) } else { Pending::off() };
        InSpan::pending(pending, self, nothing::<F::Output>)
    }
}

/// `.traced("name")` on a closure.
///
/// ```
/// use traced::FnExt as _;
///
/// # let (sum, spans) = traced::testing::capture(|| {
/// let sum = (|| 1 + 2).traced("sum");
/// # sum
/// # });
/// # assert_eq!((sum, spans[0].name.as_str()), (3, "sum"));
/// ```
pub trait FnExt<T>: FnOnce() -> T + Sized {
    /// Calls it inside a span and gives what it returns.
    fn traced(self, name: impl Into<Cow<'static, str>>) -> T;
}

impl<T, F: FnOnce() -> T> FnExt<T> for F {
    fn traced(self, name: impl Into<Cow<'static, str>>) -> T {
        let span = if SITE.is_on() {
            super::open(Start::new(&SITE, &mut |_| ()).name(name.into()))
        } else {
            super::unopened()
        };
        sync(span, self, nothing::<T>)
    }
}

fn nothing<T>(_: &mut Outcome<'_, '_>, _: &T) {}
