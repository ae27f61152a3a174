//! Every shape of function: its span begins and ends where it should, and the function is what it was.

#![allow(clippy::unused_async)]

use std::convert::Infallible;
use std::fmt::{Debug, Display};
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;

use futures_util::{Stream, StreamExt, stream};
use opentelemetry::Value;
use opentelemetry::trace::Status;
use traced::testing::{Spans, capture, capture_async};
use traced::{event, span, traced};

fn names(spans: &Spans) -> Vec<&str> {
    spans.iter().map(|span| span.name.as_str()).collect()
}

#[traced]
fn child() {}

#[traced]
fn sync(n: i64) -> i64 {
    child();
    n + 1
}

#[test]
fn a_sync_function_runs_inside_its_span() {
    let (n, spans) = capture(|| sync(1));
    assert_eq!(n, 2);
    assert_eq!(names(&spans), ["child", "sync"]);
    assert_eq!(spans[0].parent_span_id, spans[1].span_id());
}

#[traced]
async fn asynchronous(n: i64) -> i64 {
    tokio::task::yield_now().await;
    child();
    n + 1
}

#[tokio::test]
async fn an_async_function_runs_inside_its_span_at_every_poll() {
    let (both, spans) = capture_async(async { tokio::join!(asynchronous(1), asynchronous(2)) }).await;
    assert_eq!(both, (2, 3));
    assert_eq!(spans.len(), 4);
    for parent in spans.iter().filter(|span| span.name == "asynchronous") {
        assert_eq!(spans.children(parent).count(), 1);
    }
}

#[tokio::test]
async fn a_future_that_is_never_polled_has_no_span() {
    let ((), spans) = capture_async(async { drop(asynchronous(1)) }).await;
    assert_eq!(names(&spans), [] as [&str; 0]);
}

#[traced]
fn never() -> ! {
    panic!("no way back");
}

#[traced]
async fn never_async() -> ! {
    tokio::task::yield_now().await;
    panic!("no way back");
}

#[tokio::test]
async fn a_function_that_never_returns() {
    let (_, spans) = capture(|| std::panic::catch_unwind(|| never()).map(|never: Infallible| never));
    assert_eq!(spans.named("never").status, Status::error("panicked: no way back"));
    let context = traced::testing::Capture::start();
    let attached = context.context().clone().attach();
    let task = traced::spawn(async {
        never_async().await;
    });
    drop(attached);
    task.await.unwrap_err();
    assert_eq!(context.spans().named("never_async").status, Status::error("panicked: no way back"));
}

#[traced(ret(|slot| attrs(slot = **slot)))]
fn borrowed_mutably(slots: &mut [i64], index: usize) -> &mut i64 {
    &mut slots[index]
}

#[test]
fn a_mutable_borrow_goes_through_with_clauses_that_see_it() {
    let mut slots = [1, 2, 3];
    let ((), spans) = capture(|| *borrowed_mutably(&mut slots, 1) += 10);
    assert_eq!(slots, [1, 12, 3]);
    assert_eq!(spans.named("borrowed_mutably").attribute("slot"), Some(&Value::I64(2)));
}

#[traced]
fn opaque(n: i64) -> Result<impl Iterator<Item = impl Display + use<>> + Debug + use<>, String> {
    Ok((0..n).collect::<Vec<_>>().into_iter())
}

#[traced]
async fn opaque_async(text: &str) -> impl Display + '_ {
    text
}

#[tokio::test]
async fn opaque_types_at_any_depth() {
    let (text, spans) = capture_async(async {
        let numbers: Vec<String> = opaque(3).unwrap().map(|n| n.to_string()).collect();
        format!("{numbers:?} {}", opaque_async("text").await)
    })
    .await;
    assert_eq!(text, r#"["0", "1", "2"] text"#);
    assert_eq!(names(&spans), ["opaque", "opaque_async"]);
}

#[async_trait::async_trait]
trait Store {
    async fn get(&self, id: i64) -> Result<i64, String>;

    #[traced(attrs(id = id))]
    async fn get_twice(&self, id: i64) -> Result<i64, String> {
        Ok(self.get(id).await? + self.get(id).await?)
    }
}

struct Memory {
    offset: i64,
}

#[async_trait::async_trait]
impl Store for Memory {
    #[traced(name = "Memory::get", attrs(id = id, offset = self.offset), ok(|v| attrs(value = *v)))]
    async fn get(&self, id: i64) -> Result<i64, String> {
        tokio::task::yield_now().await;
        child();
        if id < 0 {
            return Err(format!("no {id}"));
        }
        Ok(id + self.offset)
    }
}

#[tokio::test]
async fn methods_under_async_trait() {
    let store: Box<dyn Store + Send + Sync> = Box::new(Memory { offset: 5 });
    let (value, spans) = capture_async(async { store.get_twice(1).await }).await;
    assert_eq!(value, Ok(12));
    let outer = spans.named("get_twice");
    assert_eq!(spans.children(outer).map(|span| span.name.as_str()).collect::<Vec<_>>(), ["Memory::get"; 2]);
    let inner = spans.named("Memory::get");
    assert_eq!(inner.attribute("offset"), Some(&Value::I64(5)));
    assert_eq!(inner.attribute("value"), Some(&Value::I64(6)));
    assert_eq!(spans.children(inner).count(), 1);

    let (_, spans) = capture_async(async { store.get(-1).await }).await;
    assert_eq!(spans.named("Memory::get").status, Status::error("no -1"));
}

#[traced]
#[async_trait::async_trait]
impl Store for i64 {
    async fn get(&self, id: i64) -> Result<i64, String> {
        Ok(id + self)
    }
}

trait Afit {
    fn get(&self) -> impl Future<Output = Result<i64, String>> + Send;
}

impl Afit for Memory {
    #[traced]
    async fn get(&self) -> Result<i64, String> {
        child();
        Ok(self.offset)
    }
}

#[tokio::test]
async fn async_functions_in_traits() {
    let (value, spans) = capture_async(Afit::get(&Memory { offset: 3 })).await;
    assert_eq!(value, Ok(3));
    assert_eq!(names(&spans), ["child", "get"]);
}

#[traced(attrs(n = n))]
fn boxed<'a>(n: i64, log: &'a mut Vec<&'static str>) -> Pin<Box<dyn Future<Output = Result<i64, String>> + Send + 'a>> {
    log.push("called");
    let doubled = 2 * n;
    Box::pin(async move {
        log.push("polled");
        child();
        if doubled > 100 {
            Err("too many")?
        }
        Ok(doubled)
    })
}

#[traced(attrs(n = n))]
fn bare(n: i64) -> impl Future<Output = Result<i64, String>> + Send {
    async move {
        tokio::task::yield_now().await;
        child();
        Ok(n)
    }
}

#[traced(future, attrs(n = n), ok(|v| attrs(value = *v)))]
fn delegated(n: i64) -> impl Future<Output = Result<i64, String>> {
    bare(n)
}

#[traced(future)]
fn delegated_boxed(n: i64) -> Pin<Box<dyn Future<Output = Result<i64, String>> + Send>> {
    Box::pin(bare(n))
}

/// What is left out of `#[traced]` is shown by the signature.
#[traced(ok(|v| attrs(value = *v)))]
fn shown(n: i64) -> impl Future<Output = Result<i64, String>> {
    bare(n)
}

#[traced]
fn shown_boxed(n: i64) -> futures_util::future::BoxFuture<'static, Result<i64, String>> {
    if n == 0 {
        return Box::pin(std::future::ready(Err("zero".to_owned())));
    }
    Box::pin(async move { Ok(n) })
}

struct Counting(i64);

impl Counting {
    #[traced(future)]
    fn count(&mut self) -> impl Future<Output = i64> + '_ {
        let n = &mut self.0;
        async move {
            *n += 1;
            *n
        }
    }
}

#[tokio::test]
async fn futures_that_the_signature_shows() {
    let (_, spans) = capture_async(async {
        (shown(2).await, shown_boxed(0).await, shown_boxed(1).await, Counting(1).count().await)
    })
    .await;
    assert_eq!(names(&spans), ["child", "bare", "shown", "shown_boxed", "shown_boxed", "count"]);
    assert_eq!(spans.named("shown").attribute("value"), Some(&Value::I64(2)));
    assert_eq!(spans.named("shown_boxed").status, Status::error("zero"));
}

#[traced(stream, ok(status = ok))]
fn statuses(items: Vec<Result<i64, String>>) -> impl Stream<Item = Result<i64, String>> {
    stream::iter(items)
}

#[tokio::test]
async fn a_stream_has_succeeded_only_if_no_item_failed() {
    let bad = || Err("bad".to_owned());
    for (items, status) in [
        (vec![Ok(1), Ok(2)], Status::Ok),
        (vec![Ok(1), bad()], Status::error("bad")),
        (vec![bad(), Ok(1)], Status::error("bad")),
    ] {
        let (_, spans) = capture_async(async { statuses(items).collect::<Vec<_>>().await }).await;
        assert_eq!(spans[0].status, status);
    }
}

#[tokio::test]
async fn functions_that_return_futures() {
    let mut log = Vec::new();
    let (values, spans) = capture_async(async {
        let pending = boxed(4, &mut log);
        (pending.await, bare(1).await, delegated(2).await, delegated_boxed(3).await)
    })
    .await;
    assert_eq!(values, (Ok(8), Ok(1), Ok(2), Ok(3)));
    assert_eq!(log, ["called", "polled"]);
    assert_eq!(
        names(&spans),
        ["child", "boxed", "child", "bare", "child", "bare", "delegated", "child", "bare", "delegated_boxed"]
    );
    assert_eq!(spans.named("boxed").attribute("n"), Some(&Value::I64(4)));
    assert_eq!(spans.named("delegated").attribute("value"), Some(&Value::I64(2)));
    let ((), spans) = capture(|| drop(bare(1)));
    assert!(spans.is_empty(), "a future that was never polled has no span");
}

#[tokio::test]
async fn a_returned_future_nests_where_it_is_first_polled() {
    let (_, spans) = capture_async(async {
        let made_outside = bare(1);
        span!("outer", async { made_outside.await.unwrap() }).await
    })
    .await;
    assert_eq!(spans.named("bare").parent_span_id, spans.named("outer").span_id());
}

#[traced(stream, attrs(n = n))]
fn numbers(n: i64) -> impl Stream<Item = Result<i64, String>> {
    stream::iter(0..n).map(|i| {
        child();
        if i == 3 { Err("three".to_owned()) } else { Ok(i) }
    })
}

#[tokio::test]
async fn streams_end_their_span_at_their_end_and_children_nest_per_item() {
    let (items, spans) = capture_async(async { numbers(3).collect::<Vec<_>>().await }).await;
    assert_eq!(items, [Ok(0), Ok(1), Ok(2)]);
    let stream = spans.named("numbers");
    assert_eq!(spans.children(stream).count(), 3);
    assert_eq!(stream.status, Status::Unset);
    assert_eq!(stream.attribute("traced.cancelled"), None);

    let (_, spans) = capture_async(async { numbers(5).collect::<Vec<_>>().await }).await;
    assert_eq!(spans.named("numbers").status, Status::error("three"));

    let (_, spans) = capture_async(async { pin!(numbers(5)).next().await }).await;
    assert_eq!(spans.named("numbers").attribute("traced.cancelled"), Some(&Value::Bool(true)));
}

#[traced]
unsafe fn dangerous(pointer: *const i64) -> i64 {
    // SAFETY: the caller says that it points to an integer.
    unsafe { *pointer }
}

#[traced]
extern "C" fn for_c(n: i64) -> i64 {
    n
}

#[traced(attrs(n = N, len = items.len()))]
fn generic<'a, T, const N: usize>(items: &'a [T; N]) -> Vec<T>
where
    T: Debug + Clone + 'a,
{
    items.to_vec()
}

#[traced]
async fn generic_async<T>(value: T) -> T
where
    T: Clone,
{
    value.clone()
}

#[traced]
fn unsized_argument<T: Debug + ?Sized>(value: &T) -> String {
    format!("{value:?}")
}

#[traced]
async fn not_send(value: Rc<i64>) -> i64 {
    tokio::task::yield_now().await;
    *value
}

#[traced]
fn callbacks(each: &dyn Fn(i64) -> i64, once: impl FnOnce(i64) -> i64, mut many: impl FnMut()) -> i64 {
    many();
    many();
    once(each(1))
}

#[traced(attrs(a = a, b = b))]
fn patterns(
    (a, mut b): (i64, i64),
    Memory { offset }: Memory,
    [first, ..]: [i64; 2],
    _: String,
    mut total: i64,
) -> i64 {
    b += 1;
    total += a + b + offset + first;
    total
}

#[traced]
fn cfg_on_parameters(#[cfg(not(windows))] a: i64, #[cfg(windows)] a: String) -> i64 {
    a
}

#[traced(attrs(n = n))]
fn recursive(n: u64) -> u64 {
    if n == 0 { 0 } else { 1 + recursive(n - 1) }
}

#[traced]
fn inner_attributes() -> i64 {
    #![allow(unused_variables)]
    let unused = 1;
    return 2;
}

struct Counter(i64);

impl Counter {
    #[traced]
    fn by_value(self) -> i64 {
        self.0
    }
    #[traced]
    fn by_mutable_value(mut self) -> i64 {
        self.0 += 1;
        self.0
    }
    #[traced(attrs(before = self.0), ret(|after| attrs(after = *after)))]
    fn by_mut(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }
    #[traced]
    fn boxed(self: Box<Self>) -> i64 {
        self.0
    }
    #[traced]
    async fn by_mut_async(&mut self) -> &mut i64 {
        &mut self.0
    }
}

#[tokio::test]
async fn everything_else_a_signature_can_hold() {
    let (_, spans) = capture_async(async {
        // SAFETY: it points to an integer.
        assert_eq!(unsafe { dangerous(&5) }, 5);
        assert_eq!(for_c(1), 1);
        assert_eq!(generic(&[1, 2, 3]), [1, 2, 3]);
        assert_eq!(generic_async("x").await, "x");
        assert_eq!(unsized_argument("x"), "\"x\"");
        assert_eq!(not_send(Rc::new(4)).await, 4);
        let mut calls = 0;
        assert_eq!(callbacks(&|n| n + 1, |n| n * 10, || calls += 1), 20);
        assert_eq!(calls, 2);
        assert_eq!(patterns((1, 2), Memory { offset: 4 }, [8, 0], String::new(), 16), 32);
        assert_eq!(cfg_on_parameters(3), 3);
        assert_eq!(recursive(3), 3);
        assert_eq!(inner_attributes(), 2);
        assert_eq!(Counter(1).by_value(), 1);
        assert_eq!(Counter(1).by_mutable_value(), 2);
        assert_eq!(Counter(1).by_mut(), 2);
        assert_eq!(Box::new(Counter(1)).boxed(), 1);
        *Counter(1).by_mut_async().await += 1;
        assert_eq!(Store::get(&1, 2).await, Ok(3));
    })
    .await;
    assert_eq!(spans.iter().filter(|span| span.name == "recursive").count(), 4);
    assert_eq!(spans.len(), 20);
    assert_eq!(spans.named("patterns").attribute("b"), Some(&Value::I64(2)));
    assert_eq!(spans.named("by_mut").attribute("before"), Some(&Value::I64(1)));
    assert_eq!(spans.named("by_mut").attribute("after"), Some(&Value::I64(2)));
}

#[test]
fn span_as_guard_closure_and_future() {
    let (n, spans) = capture(|| {
        let _outer = span!("outer", n = 1);
        event!("inside", k = "v");
        let n = span!("closure", || {
            child();
            7
        });
        futures_util::FutureExt::now_or_never(span!("future", answer = n, async { child() })).unwrap();
        n
    });
    assert_eq!(n, 7);
    assert_eq!(names(&spans), ["child", "closure", "child", "future", "outer"]);
    let outer = spans.named("outer");
    assert_eq!(outer.attribute("n"), Some(&Value::I64(1)));
    assert!(outer.event("inside").is_some());
    assert_eq!(spans.children(outer).count(), 2);
}

mod auto_traits {
    use super::*;
    use std::panic::{RefUnwindSafe, UnwindSafe};

    fn send<T: Send>(_: &T) {}
    fn sync<T: Sync>(_: &T) {}
    fn unwind_safe<T: UnwindSafe>(_: &T) {}
    fn ref_unwind_safe<T: RefUnwindSafe>(_: &T) {}

    #[traced]
    async fn plain(n: i64) -> Result<i64, String> {
        Ok(n)
    }

    #[test]
    fn are_those_that_the_function_had() {
        send(&plain(1));
        sync(&plain(1));
        unwind_safe(&plain(1));
        ref_unwind_safe(&plain(1));
        send(&bare(1));
        let _: fn(i64) -> i64 = super::sync as fn(i64) -> i64;
        let _: unsafe fn(*const i64) -> i64 = dangerous;
        let _: extern "C" fn(i64) -> i64 = for_c;
    }
}
