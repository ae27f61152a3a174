//! Where spans nest: OpenTelemetry's own `Context` is the only truth.

use opentelemetry::Context;
use opentelemetry::trace::{Link, SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId, TraceState};
use traced::testing::{Capture, capture, capture_async};
use traced::{attr, current, event, span, traced};

fn remote() -> SpanContext {
    SpanContext::new(TraceId::from(7_u128), SpanId::from(9_u64), TraceFlags::SAMPLED, true, TraceState::default())
}

#[traced]
fn leaf() {}

#[traced(parent = parent)]
fn under(parent: &Context) {
    leaf();
}

#[traced(parent = parent)]
fn under_remote(parent: Option<SpanContext>) {}

#[traced(root)]
fn root() {
    leaf();
}

#[test]
fn parents_given_and_refused() {
    let (_, spans) = capture(|| {
        let outside = Context::current();
        let _here = span!("here");
        under(&Context::current().with_remote_span_context(remote()));
        under_remote(Some(remote()));
        under_remote(None);
        root();
        under(&outside);
    });
    assert_eq!(
        spans.iter().map(|span| span.name.as_str()).collect::<Vec<_>>(),
        ["leaf", "under", "under_remote", "under_remote", "leaf", "root", "leaf", "under", "here"]
    );
    assert_eq!(spans[1].parent_span_id, remote().span_id());
    assert_eq!(spans[1].span_context.trace_id(), remote().trace_id());
    assert_eq!(spans[0].parent_span_id, spans[1].span_id());
    assert_eq!(spans[2].parent_span_id, remote().span_id());
    assert_eq!(spans[3].parent_span_id, spans[8].span_id());
    assert_eq!(spans[5].parent_span_id, SpanId::INVALID);
    assert_ne!(spans[5].span_context.trace_id(), spans[8].span_context.trace_id());
    assert_eq!(spans[4].parent_span_id, spans[5].span_id());
    assert_eq!(spans[7].parent_span_id, SpanId::INVALID);
}

#[traced(links(first, Link::with_context(remote()), ..&others, None::<SpanContext>, SpanContext::empty_context()))]
fn linked(first: &SpanContext, others: Vec<SpanContext>) {
    drop(others);
}

#[test]
fn links_to_other_spans() {
    let (_, spans) = capture(|| linked(&remote(), vec![remote(), remote()]));
    assert_eq!(spans[0].links.len(), 4, "what is absent or invalid is left out");
    assert!(spans[0].links.iter().all(|link| link.span_context.span_id() == remote().span_id()));
}

#[traced(current, attrs(n = n), ok(|v| attrs(value = *v), event("done")), err(event("failed")))]
fn enriches(n: i64) -> Result<i64, String> {
    if n < 0 { Err("negative".into()) } else { Ok(2 * n) }
}

#[traced(current, attrs(m = n))]
async fn enriches_async(n: i64) -> i64 {
    n
}

#[tokio::test]
async fn current_enriches_the_span_that_is_open_and_leaves_its_status_alone() {
    let (_, spans) = capture_async(async {
        span!("outer", async {
            enriches(2).unwrap();
            enriches(-1).unwrap_err();
            enriches_async(5).await;
        })
        .await
    })
    .await;
    assert_eq!(spans.len(), 1);
    let outer = &spans[0];
    assert_eq!(outer.attribute("value"), Some(&4.into()));
    assert_eq!(outer.attribute("n"), Some(&(-1).into()));
    assert_eq!(outer.attribute("m"), Some(&5.into()));
    assert!(outer.event("done").is_some() && outer.event("failed").is_some() && outer.event("exception").is_none());
    assert_eq!(outer.status, opentelemetry::trace::Status::Unset);
    assert_eq!(outer.attribute("error.type"), None);
}

#[traced(if = wanted, attrs(wanted = wanted))]
fn sometimes(wanted: bool) {
    leaf();
}

#[test]
fn what_is_left_out_leaves_its_children_under_the_nearest_span() {
    let (_, spans) = capture(|| {
        let _outer = span!("outer");
        sometimes(false);
        sometimes(true);
    });
    let outer = spans.named("outer");
    assert_eq!(spans.children(outer).map(|span| span.name.as_str()).collect::<Vec<_>>(), ["leaf", "sometimes"]);
}

#[test]
fn names_kinds_and_scopes() {
    #[traced("literal", kind = client, scope = "my.scope")]
    fn one() {}
    #[traced(name = format!("dynamic {n}"), kind = producer, attrs(n = n))]
    fn two(n: i64) {}
    #[traced(prefix = "repo.", kind = server, code)]
    fn three() {}
    #[traced(prefix = "repo.", name = "four")]
    fn four_() {}
    let (_, spans) = capture(|| {
        one();
        two(2);
        three();
        four_();
    });
    let shown: Vec<_> = spans.iter().map(|s| (s.name.as_str(), s.kind.clone(), s.scope.as_str())).collect();
    assert_eq!(
        shown,
        [
            ("literal", SpanKind::Client, "my.scope"),
            ("dynamic 2", SpanKind::Producer, "nesting"),
            ("repo.three", SpanKind::Server, "nesting"),
            ("four", SpanKind::Internal, "nesting"),
        ]
    );
    assert!(spans[2].attribute("code.file.path").unwrap().as_str().ends_with("tests/nesting.rs"));
    assert_eq!(spans[2].attribute("code.function.name"), Some(&"nesting::names_kinds_and_scopes::three".into()));
    assert!(spans[2].attribute("code.line.number").is_some());
}

#[traced(prefix = "book_repo.", kind = client, attrs(repo = "books"))]
impl Repo {
    const LIMIT: i64 = 3;

    const fn constant() -> i64 {
        Self::LIMIT
    }

    async fn get(&self, id: i64) -> Option<i64> {
        self.pool();
        (id < Self::constant()).then_some(id)
    }

    #[traced(name = "named", kind = server, none(event("none")))]
    fn refined(&self) -> Option<i64> {
        None
    }

    #[traced(skip)]
    fn pool(&self) -> i64 {
        self.0
    }
}

struct Repo(i64);

#[traced(prefix = "trait.")]
trait Named {
    fn required(&self) -> i64;
    fn provided(&self) -> i64 {
        self.required()
    }
}

impl Named for Repo {
    fn required(&self) -> i64 {
        self.0
    }
}

#[traced(prefix = "m.")]
mod module {
    pub(super) fn free() {
        deeper::free();
        S.method();
        constant();
        out();
    }
    pub(super) struct S;
    impl S {
        pub(super) fn method(&self) {}
    }
    const fn constant() {}
    #[traced::traced(skip)]
    fn out() {}
    mod deeper {
        pub(super) fn free() {}
    }
    #[test]
    fn tests_are_left_alone() {}
}

#[tokio::test]
async fn impl_blocks_traits_and_modules() {
    let (_, spans) = capture_async(async {
        let repo = Repo(5);
        assert_eq!(repo.get(1).await, Some(1));
        repo.refined();
        repo.provided();
        module::free();
    })
    .await;
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["book_repo.get", "named", "trait.provided", "m.free", "m.method", "m.free"]);
    assert_eq!(spans[0].kind, SpanKind::Client);
    assert_eq!(spans[1].kind, SpanKind::Server);
    for span in &spans[..2] {
        assert_eq!(span.attribute("repo"), Some(&"books".into()));
    }
    assert!(spans[1].event("none").is_some());
}

#[test]
fn the_body_writes_on_its_span() {
    #[traced]
    fn writes() {
        attr!(a = 1, error.type = "x");
        event!("e", b = 2);
        current().set_attribute("c", &3);
        current().add_event("f");
        current().update_name("renamed");
        Context::map_current(|cx| cx.span().set_attribute(opentelemetry::KeyValue::new("d", 4)));
    }
    let (_, spans) = capture(writes);
    let span = &spans[0];
    assert_eq!(span.name, "renamed");
    for (key, value) in [("a", 1), ("c", 3), ("d", 4)] {
        assert_eq!(span.attribute(key), Some(&value.into()));
    }
    assert_eq!(span.events.len(), 2);
}

#[tokio::test]
async fn context_is_carried_to_other_threads_and_tasks() {
    let capture = Capture::start();
    let attached = capture.context().clone().attach();
    let outer = span!("outer");
    let task = traced::spawn(async { leaf() });
    let blocking = traced::spawn_blocking(leaf);
    let thread = std::thread::spawn(traced::carry(leaf));
    let id = current().span_id();
    assert_ne!(current().trace_id(), TraceId::INVALID);
    drop(outer);
    drop(attached);
    task.await.unwrap();
    blocking.await.unwrap();
    thread.join().unwrap();
    let spans = capture.finish();
    assert_eq!(spans.iter().filter(|span| span.name == "leaf" && span.parent_span_id == id).count(), 3);
}

#[test]
fn captures_at_the_same_time_do_not_see_each_other() {
    let threads: Vec<_> = (0..8)
        .map(|n| {
            std::thread::spawn(move || {
                let (_, spans) = capture(|| (0..n).for_each(|_| leaf()));
                assert_eq!(spans.len(), n);
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
