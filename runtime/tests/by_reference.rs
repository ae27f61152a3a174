//! The arguments of `#[traced(..)]` look at what they are given; the body still has it.

use std::collections::VecDeque;

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use traced::testing::{capture, capture_async};
use traced::traced;

fn span_context(n: u8) -> SpanContext {
    let (trace, span) = (TraceId::from_bytes([n; 16]), SpanId::from_bytes([n; 8]));
    SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::NONE)
}

#[traced(name = title)]
fn named(title: String) -> String {
    title
}

#[traced(name = title)]
async fn named_async(title: String) -> String {
    title
}

#[traced(name = title)]
fn named_boxed(title: String) -> futures_util::future::BoxFuture<'static, String> {
    Box::pin(async move { title })
}

struct Job {
    title: String,
    batch: Vec<SpanContext>,
}

impl Job {
    #[traced(name = self.title, links(..self.batch))]
    fn run(self) -> usize {
        self.batch.len() + self.title.len()
    }
}

#[traced(links(first, ..batch, ..more.iter(), ..&queue))]
fn linked(
    first: SpanContext,
    batch: Vec<SpanContext>,
    more: [SpanContext; 1],
    queue: VecDeque<SpanContext>,
) -> (SpanContext, Vec<SpanContext>, [SpanContext; 1], VecDeque<SpanContext>) {
    (first, batch, more, queue)
}

#[traced(parent = parent)]
fn under(parent: SpanContext) -> SpanContext {
    parent
}

struct Failure {
    code: String,
}

#[traced(err(|e| type = e.code))]
fn fails() -> Result<(), Failure> {
    Err(Failure { code: "teapot".to_owned() })
}

#[tokio::test]
async fn names_links_parents_and_types_leave_what_they_are_given() {
    let (_, spans) = capture_async(async {
        assert_eq!(named("a".to_owned()), "a");
        assert_eq!(named_async("b".to_owned()).await, "b");
        assert_eq!(named_boxed("c".to_owned()).await, "c");
        assert_eq!(Job { title: "d".to_owned(), batch: vec![span_context(1)] }.run(), 2);
        linked(span_context(1), vec![span_context(2)], [span_context(3)], [span_context(4)].into());
        under(span_context(5));
        let _ = fails();
    })
    .await;
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "linked", "under", "fails"]);
    assert_eq!(spans.named("d").links.len(), 1);
    let linked: Vec<_> = spans.named("linked").links.iter().map(|link| link.span_context.clone()).collect();
    assert_eq!(linked, [1, 2, 3, 4].map(span_context));
    assert_eq!(spans.named("under").parent_span_id, span_context(5).span_id());
    assert_eq!(spans.named("fails").attribute("error.type"), Some(&"teapot".into()));
}

struct Shop {
    offset: i64,
}

impl Shop {
    #[traced(ok(|found| attrs(id, offset = self.offset, found = *found), event("found", id)), err(event("missing", id)))]
    fn find(&self, id: i64) -> Result<i64, String> {
        if id > 0 { Ok(id + self.offset) } else { Err("none".to_owned()) }
    }

    #[traced(ret(|found| attrs(id, offset = self.offset, name, found = *found)))]
    async fn find_async(&self, id: i64, name: &str) -> i64 {
        tokio::task::yield_now().await;
        id + self.offset
    }

    #[traced(ret(|found| attrs(id, offset = self.offset, name, found = *found)))]
    fn find_boxed<'s>(&'s self, id: i64, name: &'s str) -> futures_util::future::BoxFuture<'s, i64> {
        Box::pin(async move { id + self.offset })
    }

    #[traced(future, ret(|found| attrs(id, offset = self.offset, name, found = *found)))]
    fn find_delegated<'s>(&'s self, id: i64, name: &'s str) -> impl Future<Output = i64> + use<'s> {
        self.find_async(id, name)
    }
}

/// What is `Copy` is still there when the body is done: numbers, shared references, `&self`.
#[tokio::test]
async fn clauses_see_arguments_that_are_copy() {
    let shop = Shop { offset: 10 };
    let (_, spans) = capture(|| (shop.find(1), shop.find(-1)));
    assert_eq!(spans[0].attribute("id"), Some(&1.into()));
    assert_eq!(spans[0].attribute("offset"), Some(&10.into()));
    assert_eq!(spans[0].attribute("found"), Some(&11.into()));
    assert_eq!(spans[1].event("missing").unwrap().attribute("id"), Some(&(-1).into()));
    let (_, spans) = capture_async(async {
        (shop.find_async(1, "a").await, shop.find_boxed(1, "a").await, shop.find_delegated(1, "a").await)
    })
    .await;
    assert_eq!(spans.len(), 4);
    for span in spans.iter() {
        assert_eq!(span.attribute("name"), Some(&"a".into()), "{}", span.name);
        assert_eq!(span.attribute("offset"), Some(&10.into()), "{}", span.name);
    }
}
