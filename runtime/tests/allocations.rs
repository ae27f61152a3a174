//! What a span allocates: no more than OpenTelemetry's context itself does.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::poll_fn;
use std::mem::replace;
use std::task::{Context, Poll, Waker};

use traced::opentelemetry_sdk::error::OTelSdkResult;
use traced::opentelemetry_sdk::trace::{SpanData, SpanExporter};
use traced::{Telemetry, span, traced};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// Counts what each thread allocates.
struct Counting;

// SAFETY: it is the system's allocator, which is given all that comes as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[derive(Debug)]
struct Nowhere;

impl SpanExporter for Nowhere {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        Ok(())
    }
}

#[traced(attrs(book.id = id, book.title = "a title of 23 bytes, so"))]
fn child(id: i64) -> Result<i64, String> {
    Ok(id)
}

#[traced(attrs(book.id = id))]
async fn later(id: i64) -> Result<i64, String> {
    let mut polled = false;
    let once = |_: &mut Context<'_>| if replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending };
    poll_fn(once).await;
    Ok(id)
}

/// How often each of 1,000 calls of `call` allocates; the logs' chunks are a few more in all.
fn each(mut call: impl FnMut(i64)) -> u64 {
    (0..100).for_each(&mut call);
    let before = ALLOCATIONS.get();
    (0..1000).for_each(call);
    (ALLOCATIONS.get() - before) / 1000
}

#[test]
fn a_span_allocates_what_its_context_does_and_nothing_where_none_is_recorded() {
    let child = |id| assert!(child(id).is_ok());
    assert_eq!(each(child), 0, "nothing is set up");
    let telemetry = Telemetry::builder()
        .environment(|name| (name == "OTEL_BSP_SCHEDULE_DELAY").then(|| "3600000".to_owned()))
        .span_exporter(Nowhere)
        .install()
        .unwrap();
    {
        let _root = span!("root");
        assert_eq!(each(child), 2);
        let mut task = Context::from_waker(Waker::noop());
        let poll = |id| {
            let mut future = std::pin::pin!(later(id));
            while future.as_mut().poll(&mut task).is_pending() {}
        };
        assert_eq!(each(poll), 2);
        let _suppressed = traced::opentelemetry::Context::enter_telemetry_suppressed_scope();
        assert_eq!(each(child), 0, "telemetry is suppressed");
    }
    telemetry.shutdown().unwrap();
    assert_eq!(each(child), 0, "it is shut down");
}
