//! Who owns a body, a future and what they give, whatever panics, moves or calls back: what the unsafe code here promises.
//! To be run under Miri as well (`.ci/checkers miri`).

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use opentelemetry::trace::{Link, SpanKind, TraceId};
use opentelemetry::{Context as Current, KeyValue};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};

use super::state::State;
use super::{Around, Site, around, enter, inside, opened, within};
use crate::Value;
use crate::outcome::{Look, LookAt, leave};
use crate::recorder::{self, OpenSpan, Pipeline, RecorderConfig, Settled};
use crate::testing::{capture, capture_async};
use crate::value::Slot;

static SITE: Site = Site::with_keys("site\x05value", 4, "span::tests");
static INNER: Site = Site::new("inner", "span::tests");

/// Counts how often it is dropped.
#[derive(Debug, Clone, Default)]
struct Drops(Arc<AtomicUsize>);

struct Counted(Arc<AtomicUsize>, #[allow(dead_code, reason = "Miri sees it leak or be freed twice")] Box<u64>);

impl Drops {
    fn one(&self) -> Counted {
        Counted(Arc::clone(&self.0), Box::new(7))
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A value that does what its closure does when it is written to a span.
struct Does<F>(F);

impl<F: Fn()> Value for Does<F> {
    fn record(&self, slot: Slot<'_>) {
        (self.0)();
        slot.bool(true);
    }
}

fn panics(body: impl FnOnce()) {
    let panic = catch_unwind(AssertUnwindSafe(body)).expect_err("it panics");
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"here"));
}

fn traced<R>(body: impl FnOnce() -> R) -> R {
    within(LookAt::NOTHING, &INNER, &[], body)
}

#[test]
fn a_panic_while_the_span_opens_drops_the_body() {
    let drops = Drops::default();
    let held = drops.one();
    let value = Does(|| panic!("here"));
    let ((), spans) = capture(|| panics(|| within(LookAt::NOTHING, &SITE, &[&value], move || drop(held))));
    assert_eq!((drops.count(), spans.len()), (1, 0));

    let held = drops.one();
    capture(|| panics(|| drop(around(LookAt::NOTHING, &SITE, &[&value], async move { drop(held) }))));
    assert_eq!(drops.count(), 2);

    let held = drops.one();
    capture(|| panics(|| enter(LookAt::NOTHING, &SITE, &[&value]).call(move || drop(held))));
    assert_eq!(drops.count(), 3);
}

#[test]
fn a_body_that_holds_nothing_does_not_run_where_its_span_did_not_open() {
    let value = Does(|| panic!("here"));
    let runs = AtomicUsize::new(0);
    let count = &runs;
    capture(|| {
        panics(|| {
            within(LookAt::NOTHING, &SITE, &[&value], || {
                count.fetch_add(1, Ordering::SeqCst);
            })
        })
    });
    assert_eq!(runs.load(Ordering::SeqCst), 0);
}

#[test]
fn a_body_that_panics_is_dropped_once() {
    let drops = Drops::default();
    for _ in 0..2 {
        let (held, made) = (drops.one(), drops.one());
        let body = move || {
            let _made = made;
            if held.0.load(Ordering::SeqCst) < usize::MAX {
                panic!("here");
            }
            held
        };
        capture(|| panics(|| drop(within(LookAt::NOTHING, &SITE, &[&1i64], body))));
    }
    assert_eq!(drops.count(), 4);
}

#[test]
fn a_value_has_its_place_whatever_its_size_and_alignment() {
    #[repr(align(128))]
    #[derive(Debug, PartialEq, Clone, Copy)]
    struct Aligned(u8);
    fn both<R: PartialEq + std::fmt::Debug + Copy>(value: R) {
        assert_eq!(traced(|| value), value);
        let (seen, spans) = capture(|| (traced(|| value), enter(LookAt::NOTHING, &SITE, &[&1i64]).call(move || value)));
        assert_eq!((seen, spans.len()), ((value, value), 2));
    }
    both(());
    both(3u8);
    both([5u64; 100]);
    both(Aligned(7));
    let large = [9u8; 1000];
    let (seen, _) = capture(|| traced(move || large[999]));
    assert_eq!(seen, 9);
    // What it borrows lives on.
    let text = String::from("text");
    let (seen, _) = capture(|| traced(|| text.as_str()));
    assert_eq!(seen, "text");
}

/// Panics, having seen the value.
const PANICS: Look = Look { see: Some(see_and_panic), drop: drop_counted };

unsafe fn see_and_panic(value: *mut (), _: &OpenSpan) {
    // SAFETY: it is used for such values alone, below.
    let seen: &Counted = unsafe { &*value.cast_const().cast() };
    assert_eq!(seen.0.load(Ordering::SeqCst), 0);
    panic!("here");
}

unsafe fn drop_counted(value: *mut ()) {
    // SAFETY: as above.
    unsafe { value.cast::<Counted>().drop_in_place() }
}

#[test]
fn a_value_that_can_not_be_looked_at_is_dropped_once() {
    unsafe fn run(data: *mut (), _: inside::Task) -> *mut () {
        data
    }
    let drops = Drops::default();
    let mut value = std::mem::ManuallyDrop::new(drops.one());
    let data = (&raw mut value).cast();
    let ((), spans) = capture(|| {
        // SAFETY: the value is one of those that the look is for, and is not used again.
        panics(|| unsafe { inside::call(opened(&SITE, &[&1i64]), data, run, &PANICS) });
    });
    assert_eq!((drops.count(), spans.len()), (1, 1));

    let drops = Drops::default();
    let mut value = std::mem::ManuallyDrop::new(drops.one());
    let data = (&raw mut value).cast();
    let ((), spans) = capture(|| {
        let mut state = State::of(opened(&SITE, &[&1i64]));
        // SAFETY: as above.
        panics(|| unsafe { inside::poll(&mut state, data, run, &PANICS) });
        assert!(!state.span().is_recording(), "it has ended");
    });
    assert_eq!((drops.count(), spans.len()), (1, 1));
}

#[test]
fn what_is_written_may_open_spans_itself() {
    let again = Does(|| traced(|| within(LookAt::NOTHING, &SITE, &[&Does(|| traced(|| ()))], || ())));
    let (n, spans) = capture(|| within(LookAt::NOTHING, &SITE, &[&again], || traced(|| 5)));
    assert_eq!((n, spans.len()), (5, 5));
    assert_eq!(spans.iter().filter(|span| span.name == "site" && span.attribute("value").is_some()).count(), 2);
}

#[test]
fn a_body_may_call_itself() {
    fn down(n: u32) -> Box<u32> {
        within(
            LookAt::NOTHING,
            &SITE,
            &[&i64::from(n)],
            move || if n == 0 { Box::new(0) } else { Box::new(*down(n - 1) + 1) },
        )
    }
    let (depth, spans) = capture(|| down(20));
    assert_eq!((*depth, spans.len()), (20, 21));
}

#[test]
fn what_drops_with_the_body_may_open_spans_and_panic() {
    struct Ends(bool);
    impl Drop for Ends {
        fn drop(&mut self) {
            traced(|| ());
            if self.0 {
                panic!("here");
            }
        }
    }
    let drops = Drops::default();
    for panic in [false, true] {
        let (held, ends) = (drops.one(), Ends(panic));
        let ((), spans) = capture(|| {
            let call = || within(LookAt::NOTHING, &SITE, &[&1i64], move || drop((held, ends)));
            if panic { panics(call) } else { call() }
        });
        assert_eq!(spans.named("inner").parent_span_id, spans.named("site").span_id());
    }
    assert_eq!(drops.count(), 2);
}

/// Samples by a closure.
#[derive(Clone)]
struct Samples<F>(F);

impl<F> std::fmt::Debug for Samples<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Samples")
    }
}

impl<F: Fn(&str) + Clone + Send + Sync + 'static> ShouldSample for Samples<F> {
    fn should_sample(
        &self,
        _: Option<&Current>,
        _: TraceId,
        name: &str,
        _: &SpanKind,
        _: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        (self.0)(name);
        let decision = SamplingDecision::RecordAndSample;
        SamplingResult { decision, attributes: Vec::new(), trace_state: opentelemetry::trace::TraceState::NONE }
    }
}

fn sampled_by(sampler: impl Fn(&str) + Clone + Send + Sync + 'static, body: impl FnOnce()) {
    let sampler = Box::new(Samples(sampler));
    let config =
        RecorderConfig { sampler, settled: Settled::default(), sampler_sees_attributes: true, ..Default::default() };
    let (context, _capturing) = recorder::capture(Arc::new(Pipeline::held(config)));
    let _attached = context.attach();
    body();
}

#[test]
fn a_sampler_may_be_traced_and_may_panic() {
    let drops = Drops::default();
    let held = drops.one();
    sampled_by(
        |name| {
            if name == "site" {
                traced(|| ())
            }
        },
        || within(LookAt::NOTHING, &SITE, &[&Does(|| traced(|| ()))], move || drop(held)),
    );
    assert_eq!(drops.count(), 1);
    let held = drops.one();
    sampled_by(
        |name| {
            if name == "site" {
                panic!("here")
            }
        },
        || panics(|| within(LookAt::NOTHING, &SITE, &[&1i64], move || drop(held))),
    );
    assert_eq!(drops.count(), 2);
}

/// Once pending, then what its closure gives; a reference into itself lives from poll to poll.
async fn later<R>(held: Counted, end: impl FnOnce() -> R) -> R {
    let own = held.1.clone();
    let borrowed = &own;
    let mut polled = false;
    std::future::poll_fn(|_| if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }).await;
    assert_eq!(**borrowed, 7);
    end()
}

fn inside_span<R, F: Future<Output = R>>(future: F) -> Around<F> {
    around(LookAt::NOTHING, &SITE, &[&1i64], future)
}

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_future_is_dropped_once_wherever_it_stands() {
    let drops = Drops::default();
    // Never polled; half-way; done; panicked; done and polled again.
    let ((), spans) = capture(|| drop(inside_span(later(drops.one(), || ()))));
    assert_eq!((drops.count(), spans.len()), (1, 1));
    capture(|| assert!(poll(pin!(inside_span(later(drops.one(), || ())))).is_pending()));
    assert_eq!(drops.count(), 2);
    for last in [|| (), || panic!("here")] {
        let before = drops.count();
        let held = drops.one();
        let ((), spans) = capture(|| {
            let mut future = Box::pin(inside_span(later(held, last)));
            assert!(poll(future.as_mut()).is_pending());
            let done = catch_unwind(AssertUnwindSafe(|| poll(future.as_mut())));
            assert_eq!(drops.count(), before + 1, "{done:?}");
            catch_unwind(AssertUnwindSafe(|| poll(future.as_mut()))).expect_err("it is done");
        });
        assert_eq!((drops.count(), spans.len()), (before + 1, 1));
    }
}

#[test]
fn a_future_may_go_from_thread_to_thread_between_polls() {
    let drops = Drops::default();
    let capture = crate::testing::Capture::start();
    for polls in 0..3 {
        let attached = capture.context().clone().attach();
        let mut future = Box::pin(inside_span(later(drops.one(), || vec![String::from("made")])));
        drop(attached);
        for _ in 0..polls {
            let polled = std::thread::spawn(move || (poll(future.as_mut()), future)).join().expect("no panic");
            future = polled.1;
        }
        std::thread::spawn(move || drop(future)).join().expect("no panic");
    }
    assert_eq!((drops.count(), capture.spans().len()), (3, 3));
}

#[test]
fn a_future_that_drops_itself_with_a_panic_leaves_nothing_current() {
    struct Ends;
    impl Drop for Ends {
        fn drop(&mut self) {
            traced(|| ());
            panic!("here");
        }
    }
    let drops = Drops::default();
    let held = drops.one();
    let ((), spans) = capture(|| {
        let mut future = Box::pin(inside_span(async move {
            let _ends = Ends;
            later(held, || ()).await;
        }));
        assert!(poll(future.as_mut()).is_pending());
        panics(|| drop(future));
        traced(|| ());
    });
    assert_eq!((drops.count(), spans.len()), (1, 3));
    let (cleanup, after) = (&spans[0], &spans[2]);
    assert_eq!(cleanup.parent_span_id, spans.named("site").span_id());
    assert_ne!(after.parent_span_id, spans.named("site").span_id());
}

#[test]
fn futures_may_be_nested_and_call_themselves() {
    fn down(n: u32) -> std::pin::Pin<Box<dyn Future<Output = u32>>> {
        Box::pin(inside_span(async move { if n == 0 { 0 } else { down(n - 1).await + traced(|| 1) } }))
    }
    let (n, spans) = futures_executor::block_on(capture_async(async { down(10).await }));
    assert_eq!((n, spans.len()), (10, 21));
}

#[test]
fn what_is_not_send_stays_where_it_is() {
    let cell = std::rc::Rc::new(Cell::new(0));
    let inner = std::rc::Rc::clone(&cell);
    let (n, _) = capture(|| {
        let mut future = pin!(inside_span(async move {
            inner.set(inner.get() + 1);
            inner
        }));
        let Poll::Ready(inner) = poll(future.as_mut()) else { panic!("it is ready") };
        inner.get() + traced(|| cell.get())
    });
    assert_eq!(n, 2);
    // The look changes none of that: it holds no value.
    const fn is_send_and_sync<T: Send + Sync>() {}
    const { is_send_and_sync::<LookAt<std::rc::Rc<()>>>() };
    let _: unsafe fn(*mut ()) = leave;
}
