//! Functions that give futures and streams.

use std::pin::Pin;

use futures_util::{Stream, StreamExt, stream};
use traced::traced;

/// Waits.
#[rustfmt::skip]
#[traced]
pub async fn one_line(n: i64) -> i64 { std::future::ready(n).await }

/// Changes its argument.
#[traced(attrs(n))]
pub async fn mutated(mut n: i64) -> i64 {
    n += one_line(n).await;
    n
}

/// Never comes back.
///
/// # Panics
///
/// Always.
#[traced]
pub async fn never() -> ! {
    let _ = one_line(1).await;
    panic!("never")
}

/// Boxed.
#[traced(attrs(n), ok(|m| attrs(m = *m)))]
pub fn boxed<'a>(mut n: i64, text: &'a str) -> Pin<Box<dyn Future<Output = Result<usize, String>> + Send + 'a>> {
    n += 1;
    Box::pin(async move {
        if n > 100 {
            return Err("too many".to_owned());
        }
        Ok(text.len())
    })
}

/// A bare block.
#[traced]
pub fn bare(n: i64) -> impl Future<Output = i64> + Send {
    async move { one_line(n).await }
}

/// Somebody else's.
#[traced(future, attrs(n))]
pub fn delegated(n: i64) -> impl Future<Output = i64> + Send {
    one_line(n)
}

/// A stream.
#[traced(stream, attrs(n))]
pub fn numbers(n: i64) -> impl Stream<Item = i64> + Send {
    stream::iter(0..n)
}

/// A boxed stream.
#[traced]
pub fn boxed_numbers(n: i64) -> Pin<Box<dyn Stream<Item = i64> + Send>> {
    stream::iter(0..n).boxed()
}

/// Measured.
///
/// # Errors
///
/// Never.
#[traced(metrics, current)]
pub async fn measured(n: i64) -> Result<i64, String> {
    Ok(one_line(n).await)
}

/// Captures nothing that it does not use.
#[traced(args(n))]
pub async fn captured(n: i64, _unused: &str) {
    let _ = one_line(1).await;
}
