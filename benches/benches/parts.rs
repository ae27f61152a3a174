//! The parts of a span's life, each for itself: `cargo bench -p traced-benches`.

use std::hint::black_box;

use divan::{Bencher, counter::ItemsCount};
use traced::testing::Capture;
use traced::traced;

fn main() {
    divan::main();
}

#[traced]
fn empty() {}

#[traced(attrs(id = id, title = title))]
fn two_attributes(id: i64, title: &str) -> Result<i64, std::fmt::Error> {
    black_box(Ok(id + title.len() as i64))
}

#[traced(attrs(text = %text))]
fn displayed(text: &str) {
    black_box(text);
}

#[traced(ok(event("done", id = 1)))]
fn with_event() -> Result<(), std::fmt::Error> {
    Ok(())
}

/// Runs `call` inside a root span whose children are recorded.
fn recorded(bencher: Bencher<'_, '_>, call: impl Fn() + Sync) {
    let capture = Capture::start();
    let _attached = capture.context().clone().attach();
    bencher.counter(ItemsCount::new(1usize)).bench_local(|| {
        call();
    });
}

#[divan::bench(max_time = 1)]
fn span_without_attributes(bencher: Bencher<'_, '_>) {
    recorded(bencher, empty);
}

#[divan::bench(max_time = 1)]
fn span_with_two_attributes(bencher: Bencher<'_, '_>) {
    recorded(bencher, || {
        let _ = two_attributes(black_box(7), black_box("Solaris"));
    });
}

#[divan::bench(max_time = 1)]
fn span_with_a_displayed_value(bencher: Bencher<'_, '_>) {
    recorded(bencher, || displayed(black_box("Solaris")));
}

#[divan::bench(max_time = 1)]
fn span_with_an_event(bencher: Bencher<'_, '_>) {
    recorded(bencher, || {
        let _ = with_event();
    });
}

#[divan::bench(max_time = 1)]
fn span_that_nobody_records(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(1usize)).bench_local(empty);
}
