//! A forked child records nothing and waits for nobody.
#![cfg(all(unix, feature = "otlp"))]

use std::time::{Duration, Instant};

use traced::opentelemetry_sdk::trace::InMemorySpanExporter;
use traced::{Telemetry, traced};

#[traced]
fn work() -> bool {
    traced::current().is_recording()
}

#[test]
fn a_forked_child_records_nothing_and_ends_at_once() {
    let exporter = InMemorySpanExporter::default();
    let telemetry = Telemetry::builder().environment(|_| None).span_exporter(exporter.clone()).install().expect("once");
    assert!(work());
    // SAFETY: the child does nothing but what is tested, and leaves by `_exit`.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let start = Instant::now();
        let recorded = work();
        let flushed = telemetry.flush().is_ok();
        drop(telemetry);
        let slow = start.elapsed() > Duration::from_secs(1);
        let code = i32::from(recorded) | i32::from(flushed) << 1 | i32::from(slow) << 2;
        // SAFETY: as above: neither destructors nor the test harness of the parent run here.
        unsafe { libc::_exit(code) };
    }
    assert!(child > 0);
    let mut status = 0;
    // SAFETY: `status` is ours.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert!(libc::WIFEXITED(status), "{status}");
    assert_eq!(libc::WEXITSTATUS(status), 0, "recorded 1, flushed 2, slow 4");

    // The parent goes on as before.
    assert!(work());
    telemetry.flush().expect("the exporter takes everything");
    let names: Vec<_> = exporter.get_finished_spans().expect("spans").into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["work", "work"]);
}
