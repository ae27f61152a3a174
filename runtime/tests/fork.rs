//! A forked child records nothing and waits for nobody.
#![cfg(all(unix, feature = "otlp"))]

use std::time::{Duration, Instant};

use traced::opentelemetry::Context;
use traced::opentelemetry::trace::{SpanId, TraceContextExt};
use traced::opentelemetry_sdk::trace::InMemorySpanExporter;
use traced::testing::capture;
use traced::{Telemetry, span, traced};

/// Whether it has a span of its own.
fn work() -> bool {
    #[traced]
    fn work() -> SpanId {
        current()
    }
    let current = current();
    work() != current
}

fn current() -> SpanId {
    Context::current().span().span_context().span_id()
}

#[test]
fn a_forked_child_records_nothing_and_ends_at_once() {
    let exporter = InMemorySpanExporter::default();
    let telemetry = Telemetry::builder().environment(|_| None).span_exporter(exporter.clone()).install().expect("once");
    assert!(work());
    // Open when the child comes into being: in one case its context outlives it.
    let before = span!("before");
    let kept = Context::current();
    let inner = span!("inner");
    assert_eq!(telemetry.health().open, 2);
    // SAFETY: the child does nothing but what is tested, and leaves by `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let start = Instant::now();
        let (captured, spans) = capture(work);
        let recorded = work() || captured || !spans.is_empty();
        drop(inner);
        drop(before);
        drop(kept);
        // Nothing has ended here, where nothing is recorded.
        let ended = telemetry.health().open != 2;
        let flushed = telemetry.flush().is_ok();
        drop(telemetry);
        let slow = start.elapsed() > Duration::from_secs(1);
        let code = i32::from(recorded) | i32::from(flushed) << 1 | i32::from(slow) << 2 | i32::from(ended) << 3;
        // SAFETY: as above: neither destructors nor the test harness of the parent run here.
        unsafe { libc::_exit(code) };
    }
    assert!(child > 0);
    let mut status = 0;
    // SAFETY: `status` is ours.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert!(libc::WIFEXITED(status), "{status}");
    assert_eq!(libc::WEXITSTATUS(status), 0, "recorded 1, flushed 2, slow 4, ended 8");

    // The parent goes on as before.
    drop((inner, before, kept));
    assert!(work());
    telemetry.flush().expect("the exporter takes everything");
    let names: Vec<_> = exporter.get_finished_spans().expect("spans").into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["work", "inner", "before", "work"]);
}
