//! `Err` is recorded without being asked, wherever its type shows what it is.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use opentelemetry::Value;
use opentelemetry::trace::Status;
use traced::testing::{CapturedSpan, capture};
use traced::{ErrorType, traced};

type Alias<T> = Result<T, Outer>;

#[derive(Debug)]
struct Outer(io::Error);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("outer")
    }
}

impl StdError for Outer {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

fn outer() -> Outer {
    Outer(io::Error::other("inner"))
}

#[track_caller]
fn failed(body: impl FnOnce()) -> CapturedSpan {
    let span = capture(body).1[0].clone();
    assert!(matches!(span.status, Status::Error { .. }), "{span:?}");
    span
}

#[track_caller]
fn exception(span: &CapturedSpan) -> [Option<String>; 3] {
    let exceptions: Vec<_> = span.events.iter().filter(|event| event.name == "exception").collect();
    assert_eq!(exceptions.len(), 1, "one exception event");
    ["exception.type", "exception.message", "exception.stacktrace"]
        .map(|key| exceptions[0].attribute(key).map(|value| value.as_str().into_owned()))
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn through_an_alias_with_its_causes() {
    #[traced]
    fn fails() -> Alias<()> {
        Err(outer())
    }
    let span = failed(|| drop(fails()));
    assert_eq!(span.status, Status::error("outer"));
    assert_eq!(span.attribute("error.type"), Some(&"errors::Outer".into()));
    assert_eq!(exception(&span), [some("errors::Outer"), some("outer"), some("outer\n\nCaused by:\n    0: inner")]);
}

#[test]
fn boxed_errors_keep_message_and_causes() {
    #[traced]
    fn plain_box() -> Result<(), Box<dyn StdError>> {
        Err(outer().into())
    }
    #[traced]
    fn send_box() -> Result<(), Box<dyn StdError + Send>> {
        Err(Box::new(outer()))
    }
    #[traced]
    fn send_sync_box() -> Result<(), Box<dyn StdError + Send + Sync>> {
        Err(outer().into())
    }
    for span in [failed(|| drop(plain_box())), failed(|| drop(send_box())), failed(|| drop(send_sync_box()))] {
        assert_eq!(span.attribute("error.type"), Some(&"_OTHER".into()), "{}", span.name);
        let [_, message, chain] = exception(&span);
        assert_eq!(message, some("outer"), "{}", span.name);
        assert!(chain.unwrap().contains("0: inner"), "{}", span.name);
    }
}

#[test]
fn displayed_debugged_and_opaque() {
    #[traced]
    fn displayed() -> Result<(), String> {
        Err("text".into())
    }
    assert_eq!(exception(&failed(|| drop(displayed())))[1], some("text"));

    #[derive(Debug)]
    struct OnlyDebug;
    #[traced]
    fn debugged() -> Result<(), OnlyDebug> {
        Err(OnlyDebug)
    }
    assert_eq!(exception(&failed(|| drop(debugged())))[1], some("OnlyDebug"));

    struct Opaque;
    #[traced]
    fn opaque() -> Result<(), Opaque> {
        Err(Opaque)
    }
    let span = failed(|| drop(opaque()));
    assert_eq!(exception(&span)[1], None);
    assert!(span.attribute("error.type").unwrap().as_str().ends_with("Opaque"));
}

#[test]
fn where_the_error_is_generic_its_bounds_alone_are_seen() {
    #[traced]
    fn by_error<E: StdError>(error: E) -> Result<(), E> {
        Err(error)
    }
    assert_eq!(exception(&failed(|| drop(by_error(outer()))))[1], some("outer"));
    #[traced]
    fn by_nothing<E>(error: E) -> Result<(), E> {
        Err(error)
    }
    assert_eq!(exception(&failed(|| drop(by_nothing(outer()))))[1], None);
}

#[derive(Debug, ErrorType)]
enum Kind {
    Conflict,
    #[error_type("rate.limited")]
    TooMany,
    #[error_type(transparent)]
    Wrapped(Inner),
}

#[derive(Debug, ErrorType)]
#[error_type("inner.kind", expected)]
struct Inner;

#[test]
fn kinds_of_errors() {
    #[traced]
    fn fails(kind: Kind) -> Result<(), Kind> {
        Err(kind)
    }
    assert_eq!(failed(|| drop(fails(Kind::Conflict))).attribute("error.type"), Some(&"conflict".into()));
    assert_eq!(failed(|| drop(fails(Kind::TooMany))).attribute("error.type"), Some(&"rate.limited".into()));
    let span = &capture(|| fails(Kind::Wrapped(Inner))).1[0];
    assert_eq!(span.status, Status::Unset);
    assert_eq!(span.attribute("traced.expected_error"), Some(&"inner.kind".into()));
}

#[test]
fn clauses_of_err() {
    #[traced(err(|e| type = format!("code.{}", e.len()), exception = type))]
    fn typed(error: &str) -> Result<(), String> {
        Err(error.to_owned())
    }
    let span = failed(|| drop(typed("four")));
    assert_eq!(span.attribute("error.type"), Some(&"code.4".into()));
    assert_eq!(exception(&span)[1], None);
    assert_eq!(span.status, Status::error(""), "the message is kept off the status, too");

    #[traced(err(exception = false))]
    fn quiet() -> Result<(), String> {
        Err("text".into())
    }
    assert!(failed(|| drop(quiet())).events.is_empty());

    #[traced(err(expected(e if e.len() < 3)))]
    fn expects(error: &str) -> Result<(), String> {
        Err(error.to_owned())
    }
    assert_eq!(capture(|| expects("ab")).1[0].status, Status::Unset);
    failed(|| drop(expects("abc")));

    #[traced(err(|e| status = error(format!("because {e}"))))]
    fn described() -> Result<(), String> {
        Err("of that".into())
    }
    assert_eq!(failed(|| drop(described())).status, Status::error("because of that"));

    #[traced(err(status = unset))]
    fn unset() -> Result<(), String> {
        Err("text".into())
    }
    let span = capture(unset).1[0].clone();
    assert_eq!(span.status, Status::Unset);
    assert_eq!(span.attribute("error.type"), None, "not on what did not fail");
}

#[test]
fn a_refutable_pattern_means_if_it_matches() {
    #[traced(ret(|Some(n @ 5..)| attrs(large = *n)), none(status = error("nothing")))]
    fn maybe(n: Option<i64>) -> Option<i64> {
        n
    }
    let (_, spans) = capture(|| (maybe(Some(7)), maybe(Some(1)), maybe(None)).2);
    assert_eq!(spans[0].attribute("large"), Some(&Value::I64(7)));
    assert_eq!(spans[1].attributes.len(), 0);
    assert_eq!(spans[2].status, Status::error("nothing"));
}

#[test]
fn options_inside_ok() {
    #[traced(ok(status = ok), some(|v| attrs(value = *v)), none(status = error("nothing there")))]
    fn find(n: i64) -> Result<Option<i64>, String> {
        match n {
            0 => Ok(None),
            -1 => Err("negative".into()),
            n => Ok(Some(n)),
        }
    }
    let (_, spans) = capture(|| (find(5), find(0), find(-1)).2);
    assert_eq!(spans[0].attribute("value"), Some(&Value::I64(5)));
    assert_eq!(spans[0].status, Status::Ok);
    assert_eq!(spans[1].status, Status::error("nothing there"));
    assert_eq!(spans[2].status, Status::error("negative"));
}

#[test]
fn an_error_that_panics_when_it_is_shown_is_still_returned() {
    /// What it panics with panics again when it goes.
    #[derive(Debug)]
    struct Panics;
    struct Again;
    impl Drop for Again {
        fn drop(&mut self) {
            panic!("again")
        }
    }
    impl fmt::Display for Panics {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            std::panic::panic_any(Again)
        }
    }
    impl StdError for Panics {}
    #[traced]
    fn fails() -> Result<(), Panics> {
        Err(Panics)
    }
    let span = failed(|| {
        fails().unwrap_err();
    });
    assert_eq!(exception(&span)[1], None);
}
