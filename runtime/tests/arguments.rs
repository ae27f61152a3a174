//! Arguments drop in Rust's own order, and before the span ends.

use std::cell::RefCell;

use traced::testing::{capture, capture_async};
use traced::traced;

thread_local! {
    static DROPPED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// Notes its drop, on the list and on the span that is current.
struct Noisy(&'static str);

impl Drop for Noisy {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.push(self.0));
        traced::current().add_event(self.0);
    }
}

fn dropped() -> Vec<&'static str> {
    DROPPED.take()
}

/// The same function four times: plain and traced, sync and async.
macro_rules! functions {
    ($($name:ident: [$($attr:meta)?] [$($asyncness:tt)?];)*) => {$(
        $(#[$attr])?
        $($asyncness)? fn $name(
            a: Noisy, (b, _): (Noisy, Noisy), mut c: Noisy, _unused: Noisy, _: Noisy, [.., d]: [Noisy; 2], early: Noisy,
        ) {
            let _local = Noisy("local");
            drop(early);
            let _ = (&a, &b, &mut c, &d);
        }
    )*};
}

functions! {
    plain: [] [];
    with_span: [traced] [];
    plain_async: [] [async];
    with_span_async: [traced] [async];
}

macro_rules! call {
    ($function:ident) => {
        $function(
            Noisy("a"),
            (Noisy("b"), Noisy("b.1")),
            Noisy("c"),
            Noisy("unused"),
            Noisy("unnamed"),
            [Noisy("d.0"), Noisy("d")],
            Noisy("early"),
        )
    };
}

/// Rust's own order: the last argument first, of a pattern what it binds before what it does not.
const ORDER: [&str; 10] = ["early", "local", "d", "d.0", "unnamed", "unused", "c", "b", "b.1", "a"];

#[tokio::test]
async fn arguments_drop_in_rusts_order() {
    call!(plain);
    assert_eq!(dropped(), ORDER);
    call!(plain_async).await;
    assert_eq!(dropped(), ORDER);
    let ((), spans) = capture(|| call!(with_span));
    assert_eq!(dropped(), ORDER);
    let events: Vec<&str> = spans[0].events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(events, ORDER, "dropped while the span was open");
    let ((), spans) = capture_async(async { call!(with_span_async).await }).await;
    assert_eq!(dropped(), ORDER);
    let events: Vec<&str> = spans[0].events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(events, ORDER, "dropped while the span was open");
}

#[test]
fn a_pattern_whose_names_are_recorded_drops_what_it_leaves_unbound_after_the_span() {
    #[traced(attrs(name = name.0))]
    fn recorded((name, _): (Noisy, Noisy)) {}
    let ((), spans) = capture(|| recorded((Noisy("name"), Noisy("rest"))));
    assert_eq!(dropped(), ["name", "rest"]);
    assert_eq!(spans[0].attribute("name"), Some(&"name".into()));
    assert_eq!(spans[0].events.len(), 1);
}

#[tokio::test]
async fn without_anybody_who_records_the_order_is_the_same() {
    call!(with_span);
    assert_eq!(dropped(), ORDER);
    call!(with_span_async).await;
    assert_eq!(dropped(), ORDER);
}

struct Holder {
    used: Noisy,
    _unused: Noisy,
}

impl Holder {
    #[traced]
    fn consume(self, argument: Noisy) -> &'static str {
        let _ = &argument;
        self.used.0
    }
}

#[test]
fn a_receiver_drops_whole_and_last() {
    let holder = Holder { used: Noisy("self.used"), _unused: Noisy("self.unused") };
    let _ = &holder._unused;
    let (_, spans) = capture(|| holder.consume(Noisy("argument")));
    assert_eq!(dropped(), ["argument", "self.used", "self.unused"]);
    assert_eq!(spans[0].events.len(), 3);
}

#[test]
fn values_and_their_clauses_see_the_arguments_before_they_move() {
    #[traced(attrs(len = text.len()), ret(|text| attrs(shouted = text)))]
    fn shout(text: String) -> String {
        text.to_uppercase()
    }
    let (text, spans) = capture(|| shout("abc".to_owned()));
    assert_eq!(text, "ABC");
    assert_eq!(spans[0].attribute("len"), Some(&3.into()));
    assert_eq!(spans[0].attribute("shouted"), Some(&"ABC".into()));
}

#[test]
fn nothing_is_evaluated_when_nobody_records() {
    fn evaluated() -> i64 {
        panic!("evaluated")
    }
    #[traced(attrs(n = evaluated()), ret(|_| attrs(n = evaluated())))]
    fn quiet() {}
    quiet();
}
