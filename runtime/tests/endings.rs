//! How spans end that do not just return: panics, dropped futures, stops between.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use futures_util::FutureExt;
use opentelemetry::Value;
use opentelemetry::trace::Status;
use traced::testing::{CapturedSpan, capture, capture_async};
use traced::{event, span, traced};

fn silently<T>(body: impl FnOnce() -> T) -> std::thread::Result<T> {
    catch_unwind(AssertUnwindSafe(body))
}

fn shows_the_panic(span: &CapturedSpan, message: &str) {
    assert_eq!(span.status, Status::error(format!("panicked: {message}")));
    assert_eq!(span.attribute("error.type"), Some(&"panic".into()));
    assert_eq!(span.attribute("traced.cancelled"), None);
    let exceptions: Vec<_> = span.events.iter().filter(|event| event.name == "exception").collect();
    assert_eq!(exceptions.len(), 1);
    assert_eq!(exceptions[0].attribute("exception.type"), Some(&"panic".into()));
    assert_eq!(exceptions[0].attribute("exception.message"), Some(&Value::from(message.to_owned())));
}

#[traced]
fn inner(n: usize) -> i64 {
    let empty: &[i64] = &[];
    empty[n]
}

#[traced]
fn outer(n: usize) -> i64 {
    inner(n) + 1
}

#[test]
fn a_panic_is_recorded_on_every_span_that_it_leaves_and_goes_on() {
    let (result, spans) = capture(|| silently(|| outer(3)));
    let payload = result.unwrap_err();
    let message = "index out of bounds: the len is 0 but the index is 3";
    assert_eq!(payload.downcast_ref::<String>().unwrap(), message, "the payload is the user's own");
    shows_the_panic(spans.named("inner"), message);
    shows_the_panic(spans.named("outer"), message);
    assert_eq!(spans.named("inner").parent_span_id, spans.named("outer").span_id());
}

#[traced]
async fn panics_later() {
    tokio::task::yield_now().await;
    panic!("later");
}

#[tokio::test]
async fn a_panic_in_a_future() {
    let (result, spans) = capture_async(AssertUnwindSafe(panics_later()).catch_unwind()).await;
    assert_eq!(*result.unwrap_err().downcast_ref::<&str>().unwrap(), "later");
    shows_the_panic(spans.named("panics_later"), "later");
}

struct SpansOnDrop;

impl Drop for SpansOnDrop {
    fn drop(&mut self) {
        let _cleanup = span!("cleanup");
    }
}

#[traced]
async fn waits() {
    let _cleans_up = SpansOnDrop;
    event!("before");
    tokio::time::sleep(Duration::from_secs(3600)).await;
    event!("after");
}

#[tokio::test]
async fn a_future_dropped_half_way_is_marked_and_cleans_up_inside_its_span() {
    let (result, spans) = capture_async(tokio::time::timeout(Duration::from_millis(5), waits())).await;
    result.unwrap_err();
    let span = spans.named("waits");
    assert_eq!(span.attribute("traced.cancelled"), Some(&Value::Bool(true)));
    assert_eq!(span.status, Status::Unset);
    assert!(span.event("before").is_some() && span.event("after").is_none());
    assert_eq!(spans.named("cleanup").parent_span_id, span.span_id());
}

#[traced]
fn returns_early(n: i64) -> Result<i64, String> {
    if n == 1 {
        return Ok(n);
    }
    let parsed: i64 = "no".parse().map_err(|_| "not a number".to_owned())?;
    Ok(parsed)
}

#[test]
fn returns_and_question_marks_end_the_span() {
    let (_, spans) = capture(|| (returns_early(1), returns_early(2)).1);
    assert_eq!(spans[0].status, Status::Unset);
    assert_eq!(spans[1].status, Status::error("not a number"));
}

#[test]
fn a_span_that_has_ended_ignores_writes() {
    #[traced]
    fn leaks() -> traced::Current {
        traced::current()
    }
    let (current, spans) = capture(|| {
        let current = leaks();
        current.set_attribute("late", &1);
        current
    });
    assert!(!current.is_recording());
    assert_eq!(spans[0].attribute("late"), None);
}
