#![deny(warnings, clippy::all, clippy::pedantic, clippy::nursery, unused_braces, unused_qualifications)]
#![deny(unreachable_code, unused_mut, unused_variables, single_use_lifetimes)]
#![allow(clippy::unused_async, clippy::missing_const_for_fn, clippy::needless_pass_by_value, clippy::future_not_send)]

use traced::traced;

#[traced]
fn one_line() -> i64 { 1 }

#[traced(attrs(n))]
fn one_line_with_an_argument(n: i64) -> Result<i64, String> { Ok(1) }

#[traced]
async fn one_line_async(n: i64) -> i64 { n }

#[traced]
fn one_line_boxed(mut n: i64) -> std::pin::Pin<Box<dyn Future<Output = i64>>> { n += 1; Box::pin(async move { n }) }

#[traced(future)]
fn one_line_returned(n: i64) -> impl Future<Output = i64> { one_line_async(n) }

#[traced]
fn lints_on_parameters(#[allow(unused_variables)] n: i64, #[cfg(false)] m: Missing) {}

#[traced]
fn unit() {}

#[traced]
fn ends_in_return(n: i64) -> Result<i64, String> {
    if n > 0 {
        return Ok(n);
    }
    Err("negative".to_owned())
}

#[traced(attrs(n))]
async fn unused_but_recorded(n: i64) {}

#[traced]
async fn mutated(mut n: i64) -> i64 {
    n += 1;
    n
}

#[traced]
fn never() -> ! {
    panic!("never")
}

fn main() {
    one_line();
    let _ = (one_line_with_an_argument(1), one_line_async(1), one_line_boxed(1), one_line_returned(1));
    lints_on_parameters(1);
    unit();
    let _ = (one_line_with_an_argument(1), one_line_async(1));
    let _ = ends_in_return(1);
    let _ = (unused_but_recorded(1), mutated(1));
    if std::env::args().count() > 1000 {
        never();
    }
}
