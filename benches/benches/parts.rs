//! What a span costs its caller, part by part: `cargo bench -p traced-benches`.
//!
//! `floor` is what OpenTelemetry and the machine ask for whatever is recorded: no recorder can go below. `off` and `span` are
//! annotated functions. The difference is ours. `docs/recorder.md` has the figures as a budget.
//!
//! Look at the fastest sample: it is the one that nothing else has disturbed.

use std::hint::black_box;
use std::sync::OnceLock;

use divan::Bencher;

fn main() {
    divan::main();
}

/// OpenTelemetry's and the machine's own.
mod floor {
    use std::borrow::Cow;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::SystemTime;

    use opentelemetry::trace::{Span, SpanContext, SpanId, Status, TraceContextExt, TraceFlags, TraceId, TraceState};
    use opentelemetry::{Context, KeyValue};

    use super::*;

    /// A span that keeps nothing but its ids.
    #[derive(Debug)]
    struct Empty(SpanContext);

    impl Empty {
        fn new() -> Self {
            let (trace, span) = (black_box(TraceId::from(1)), black_box(SpanId::from(1)));
            Self(SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::NONE))
        }
    }

    impl Span for Empty {
        fn add_event_with_timestamp<T: Into<Cow<'static, str>>>(&mut self, _: T, _: SystemTime, _: Vec<KeyValue>) {}
        fn span_context(&self) -> &SpanContext {
            &self.0
        }
        fn is_recording(&self) -> bool {
            true
        }
        fn set_attribute(&mut self, _: KeyValue) {}
        fn set_status(&mut self, _: Status) {}
        fn update_name<T: Into<Cow<'static, str>>>(&mut self, _: T) {}
        fn add_link(&mut self, _: SpanContext, _: Vec<KeyValue>) {}
        fn end_with_timestamp(&mut self, _: SystemTime) {}
    }

    #[divan::bench(max_time = 0.5, sample_size = 1000)]
    fn a_look_at_the_current_context(bencher: Bencher<'_, '_>) {
        let _attached = Context::new().with_span(Empty::new()).attach();
        bencher.bench_local(|| Context::map_current(|cx| cx.span().span_context().is_sampled()));
    }

    #[divan::bench(max_time = 0.5, sample_size = 1000)]
    fn a_clone_of_the_current_context(bencher: Bencher<'_, '_>) {
        let _attached = Context::new().with_span(Empty::new()).attach();
        bencher.bench_local(|| drop(black_box(Context::current())));
    }

    #[divan::bench(max_time = 0.5, sample_size = 1000)]
    fn two_allocations(bencher: Bencher<'_, '_>) {
        bencher.bench_local(|| drop(black_box((Box::new([1u64; 10]), Box::new([1u64; 7])))));
    }

    /// Into a context, attached, detached, dropped: with two allocations.
    #[divan::bench(max_time = 0.5, sample_size = 1000)]
    fn a_context_for_a_span(bencher: Bencher<'_, '_>) {
        let _attached = Context::new().with_span(Empty::new()).attach();
        bencher.bench_local(|| drop(black_box(Context::current_with_span(Empty::new()).attach())));
    }

    /// As above, with a clone that is kept beside the guard.
    #[divan::bench(max_time = 0.5, sample_size = 1000)]
    fn a_context_for_a_span_and_a_clone(bencher: Bencher<'_, '_>) {
        let _attached = Context::new().with_span(Empty::new()).attach();
        bencher.bench_local(|| {
            let context = Context::current_with_span(Empty::new());
            let guard = black_box(context.clone().attach());
            drop(guard);
            drop(black_box(context));
        });
    }

    /// What each poll of a future does.
    #[divan::bench(max_time = 0.5, sample_size = 1000)]
    fn a_clone_attached_and_detached(bencher: Bencher<'_, '_>) {
        let context = Context::new().with_span(Empty::new());
        bencher.bench_local(|| drop(black_box(context.clone().attach())));
    }

    #[divan::bench(max_time = 0.5, sample_size = 1000)]
    fn an_atomic_exchange(bencher: Bencher<'_, '_>) {
        let taken = AtomicBool::new(false);
        bencher.bench_local(|| {
            black_box(&taken).swap(true, Ordering::Acquire);
            taken.store(false, Ordering::Release);
        });
    }

    #[cfg(target_arch = "x86_64")]
    #[divan::bench(max_time = 0.5, sample_size = 1000)]
    fn a_read_of_the_counter(bencher: Bencher<'_, '_>) {
        // SAFETY: every processor of this architecture has it.
        bencher.bench_local(|| unsafe { core::arch::x86_64::_rdtsc() });
    }

    #[divan::bench(max_time = 0.5, sample_size = 1000)]
    fn a_read_of_the_system_clock(bencher: Bencher<'_, '_>) {
        bencher.bench_local(SystemTime::now);
    }
}

/// Where nobody records. Before anything is installed: groups run in the order of their names.
mod off {
    use super::*;

    #[traced::traced]
    fn empty() {}

    #[divan::bench(max_time = 0.5, sample_size = 1000)]
    fn not_set_up(bencher: Bencher<'_, '_>) {
        bencher.bench_local(empty);
    }
}

/// Spans that are recorded and exported, under a root that is.
mod span {
    use opentelemetry_sdk::error::OTelSdkResult;
    use opentelemetry_sdk::trace::{SpanData, SpanExporter};
    use traced::{Telemetry, traced};

    use super::*;

    /// An exporter that throws away.
    #[derive(Debug)]
    struct Nowhere;

    impl SpanExporter for Nowhere {
        async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
            Ok(())
        }
    }

    fn install() {
        static TELEMETRY: OnceLock<Telemetry> = OnceLock::new();
        TELEMETRY.get_or_init(|| {
            let none = |_: &str| None::<String>;
            Telemetry::builder().environment(none).span_exporter(Nowhere).install().expect("the first one")
        });
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

    #[traced(attrs(id = id, title = title))]
    async fn async_with_two_attributes(id: i64, title: &str) -> Result<i64, std::fmt::Error> {
        black_box(Ok(id + title.len() as i64))
    }

    /// Runs `call` inside a root span.
    #[traced]
    fn recorded(bencher: Bencher<'_, '_>, call: impl Fn()) {
        bencher.bench_local(call);
    }

    #[divan::bench(max_time = 0.5, sample_size = 1000)]
    fn without_attributes(bencher: Bencher<'_, '_>) {
        install();
        recorded(bencher, empty);
    }

    #[divan::bench(max_time = 0.5, sample_size = 1000)]
    fn with_two_attributes(bencher: Bencher<'_, '_>) {
        install();
        recorded(bencher, || {
            let _ = two_attributes(black_box(7), black_box("Solaris"));
        });
    }

    /// One poll, which is done: as many future functions are.
    #[divan::bench(max_time = 0.5, sample_size = 1000)]
    fn with_two_attributes_async(bencher: Bencher<'_, '_>) {
        install();
        recorded(bencher, || {
            let call = std::pin::pin!(async_with_two_attributes(black_box(7), black_box("Solaris")));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            let _ = black_box(call.poll(&mut context));
        });
    }

    #[divan::bench(max_time = 0.5, sample_size = 1000)]
    fn with_a_displayed_value(bencher: Bencher<'_, '_>) {
        install();
        recorded(bencher, || displayed(black_box("Solaris")));
    }

    #[divan::bench(max_time = 0.5, sample_size = 1000)]
    fn with_an_event(bencher: Bencher<'_, '_>) {
        install();
        recorded(bencher, || {
            let _ = with_event();
        });
    }
}
