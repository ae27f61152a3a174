//! Metrics of functions, in every shape.

use std::future::Future;
use std::pin::Pin;

use futures_util::{Stream, StreamExt, stream};
use traced::ErrorType;
use traced::opentelemetry_sdk::trace::Sampler;

use super::*;

#[derive(Debug, ErrorType)]
enum Error {
    #[error_type("not_found", expected)]
    NotFound,
    #[error_type("conflict")]
    Conflict,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Error {}

const DURATION: &str = "traced.function.duration";

impl Measured {
    /// How many calls of `function` ended so.
    fn calls(&self, function: &str, error_type: Option<&str>) -> f64 {
        let points = self.matching(DURATION, "code.function.name", &format!("metrics::functions::{function}"));
        let of_type = |a: &BTreeMap<String, String>| a.get("error.type").map(String::as_str) == error_type;
        points.iter().filter(|(attributes, _)| of_type(attributes)).map(|(_, count)| count).sum()
    }
}

#[traced::traced(metrics)]
fn lookup(id: i64) -> Result<i64, Error> {
    match id {
        0 => Err(Error::NotFound),
        1 => Err(Error::Conflict),
        _ => Ok(id),
    }
}

#[traced::traced(metrics, if = false)]
async fn asynchronous(id: i64) -> Result<i64, Error> {
    lookup(id)
}

#[traced::traced(metrics)]
fn boxed<'a>(id: &'a i64) -> Pin<Box<dyn Future<Output = Result<i64, Error>> + Send + 'a>> {
    Box::pin(async move { lookup(*id) })
}

#[traced::traced(metrics, future)]
fn delegated(id: i64) -> impl Future<Output = Result<i64, Error>> {
    std::future::ready(lookup(id))
}

#[traced::traced(metrics, stream)]
fn items() -> impl Stream<Item = Result<i64, Error>> {
    stream::iter([Ok(1), Err(Error::Conflict), Ok(2)])
}

#[traced::traced(metrics)]
fn panicking() {
    panic!("on purpose");
}

#[traced::traced(metrics, err(|e| type = format!("own_{e}"), expected(Error::Conflict)))]
fn told(id: i64) -> Result<i64, Error> {
    lookup(id)
}

#[traced::traced(metrics(name = "book.lookup", cache.hit = hit, category))]
fn named(hit: bool, category: &str) -> usize {
    category.len()
}

#[traced::traced(metrics)]
fn gives_up(code: i32) -> ! {
    panic!("{code}")
}

#[tokio::test]
async fn calls_are_counted_by_error_type_though_no_span_is_sampled() {
    let measured = start(|builder| builder.sampler(Sampler::AlwaysOff));
    for id in 0..5 {
        let _ = lookup(id);
    }
    assert_eq!(measured.calls("lookup", None), 4.0, "an expected error is none");
    assert_eq!(measured.calls("lookup", Some("conflict")), 1.0);
    for id in 0..3 {
        let _ = asynchronous(id).await;
        let _ = boxed(&id).await;
        let _ = delegated(id).await;
    }
    for function in ["asynchronous", "boxed", "delegated"] {
        assert_eq!(measured.calls(function, None), 2.0, "{function}");
        assert_eq!(measured.calls(function, Some("conflict")), 1.0, "{function}");
    }
    assert_eq!(items().count().await, 3);
    assert_eq!(measured.calls("items", Some("conflict")), 1.0);
}

#[test]
fn clauses_say_what_an_error_is() {
    let measured = start(|builder| builder);
    for id in 0..3 {
        let _ = told(id);
    }
    assert_eq!(measured.calls("told", None), 3.0, "both errors are expected");
}

#[traced::traced(metrics)]
async fn never() {
    std::future::pending::<()>().await;
}

#[test]
fn a_panic_and_what_is_dropped_half_way_are_told_apart() {
    let measured = start(|builder| builder);
    std::panic::catch_unwind(panicking).unwrap_err();
    std::panic::catch_unwind(|| gives_up(1)).unwrap_err();
    assert_eq!(measured.calls("panicking", Some("panic")), 1.0);
    assert_eq!(measured.calls("gives_up", Some("panic")), 1.0);
    let mut future = Box::pin(never());
    let _ = future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    let active = || measured.matching("traced.function.active", "code.function.name", "metrics::functions::never");
    assert_eq!(active()[0].1, 1.0);
    drop(future);
    assert_eq!(active()[0].1, 0.0);
    assert_eq!(measured.calls("never", Some("cancelled")), 1.0);
    drop(boxed(&1));
    assert_eq!(measured.calls("boxed", Some("cancelled")), 0.0, "never polled, never begun");
}

#[test]
fn a_name_and_attributes_can_be_given() {
    let measured = start(|builder| builder);
    named(true, "novel");
    let points = measured.points("book.lookup.duration");
    assert_eq!(points[0].0["cache.hit"], "true");
    assert_eq!(points[0].0["category"], "novel");
}

#[test]
fn without_a_telemetry_nothing_happens() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(named(true, "novel"), 5);
}
