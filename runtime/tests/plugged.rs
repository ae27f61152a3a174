//! What an application brings along: exporters, samplers, limits, a tracer provider. Each is asked and told all that it is for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use traced::opentelemetry::trace::{
    Link, SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer,
};
use traced::opentelemetry::{Context, KeyValue, global};
use traced::opentelemetry_sdk::Resource;
use traced::opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use traced::opentelemetry_sdk::trace::{
    InMemorySpanExporter, Sampler, SamplingDecision, SamplingResult, SdkTracerProvider, ShouldSample, SpanData,
    SpanExporter, SpanLimits,
};
use traced::{FlushError, Telemetry, TelemetryBuilder, current, event, traced};

/// Installing is for the whole process: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn builder(variables: &'static [(&'static str, &'static str)]) -> TelemetryBuilder {
    Telemetry::builder()
        .environment(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        .on_warning(|_| {})
}

#[traced(attrs(n = n, m = 2, text = "four"))]
fn work(n: i64) -> bool {
    current().is_recording()
}

/// Notes what is asked of it.
#[derive(Debug, Clone, Default)]
struct Noting(Arc<Mutex<Vec<String>>>);

impl Noting {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl SpanExporter for Noting {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.note(format!("{} spans", batch.len()));
        match batch.iter().any(|span| span.name == "refused") {
            true => Err(OTelSdkError::InternalFailure("no room".to_owned())),
            false => Ok(()),
        }
    }

    fn set_resource(&mut self, resource: &Resource) {
        let name = resource.get(&"service.name".into()).map(|name| name.to_string());
        self.note(name.unwrap_or_default());
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.note("flush");
        Ok(())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        assert!(timeout <= Duration::from_secs(3600), "{timeout:?}");
        self.note("shutdown");
        Ok(())
    }
}

#[test]
fn an_exporter_is_told_the_resource_and_is_flushed_and_shut_down() {
    let _alone = alone();
    let exporter = Noting::default();
    let telemetry = builder(&[])
        .service_name("shop")
        .flush_timeout(Duration::from_secs(3600))
        .span_exporter(exporter.clone())
        .install()
        .unwrap();
    assert_eq!(exporter.take(), ["shop"]);
    work(1);
    telemetry.flush().unwrap();
    assert_eq!(exporter.take(), ["1 spans", "flush"]);
    work(2);
    telemetry.shutdown().unwrap();
    assert_eq!(exporter.take(), ["1 spans", "shutdown"]);
    drop(telemetry);
    assert!(exporter.take().is_empty());
}

#[test]
fn what_an_exporter_fails_with_is_lost_and_a_flush_says_so() {
    #[traced]
    fn refused() {}
    let _alone = alone();
    let telemetry = builder(&[]).span_exporter(Noting::default()).install().unwrap();
    refused();
    work(1);
    let error = telemetry.flush().unwrap_err();
    assert!(matches!(&error, FlushError::Lost { spans: 2, .. }), "{error}");
    assert!(error.to_string().contains("no room"), "{error}");
    work(2);
    telemetry.flush().unwrap();
    let health = telemetry.health();
    assert_eq!((health.exported, health.dropped.total(), health.failed_batches), (1, 2, 1));
}

#[test]
fn an_exporter_that_flushes_the_telemetry_itself_waits_for_no_longer_than_the_timeout() {
    #[derive(Debug, Clone, Default)]
    struct Flushes(Arc<Mutex<Option<Telemetry>>>, Noting);
    impl SpanExporter for Flushes {
        async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
            let flushed = self.0.lock().unwrap().as_ref().map(Telemetry::flush);
            self.1.note(format!("{:?}", flushed.map(|result| result.is_ok())));
            Ok(())
        }
    }
    let _alone = alone();
    let exporter = Flushes::default();
    let timeout = Duration::from_millis(100);
    let telemetry = builder(&[("OTEL_BSP_SCHEDULE_DELAY", "1")]).flush_timeout(timeout);
    let telemetry = telemetry.span_exporter(exporter.clone()).install().unwrap();
    *exporter.0.lock().unwrap() = Some(telemetry);
    work(1);
    let deadline = Instant::now() + Duration::from_secs(20);
    while exporter.1.0.lock().unwrap().is_empty() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(2));
    }
    let telemetry = exporter.0.lock().unwrap().take().unwrap();
    assert_eq!(exporter.1.take(), ["Some(false)"]);
    // It lives on.
    work(2);
    telemetry.flush().unwrap();
    assert_eq!(telemetry.health().exported, 2);
}

/// Drops spans of an odd `n`, if it is shown one, and says what it was shown.
#[derive(Debug, Clone, Default)]
struct Even(Noting);

impl ShouldSample for Even {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        _: TraceId,
        name: &str,
        _: &SpanKind,
        attributes: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let parent = parent.map(|parent| parent.span().span_context().clone());
        let n = attributes.iter().find(|attribute| attribute.key.as_str() == "n").map(|n| n.value.to_string());
        self.0.note(format!("{name} {} {n:?}", parent.is_some_and(|parent| parent.is_valid())));
        let odd = n.is_some_and(|n| n.parse::<i64>().unwrap() % 2 == 1);
        let decision = if odd { SamplingDecision::Drop } else { SamplingDecision::RecordAndSample };
        SamplingResult { decision, attributes: vec![KeyValue::new("by", "even")], trace_state: TraceState::NONE }
    }
}

#[traced(attrs(n = n))]
fn outer(n: i64) -> (bool, bool) {
    (current().is_recording(), work(2))
}

#[test]
fn a_sampler_decides_about_roots_and_children_and_sees_attributes_if_it_is_to() {
    let _alone = alone();
    let (sampler, exporter) = (Even::default(), InMemorySpanExporter::default());
    let telemetry =
        builder(&[]).sampler_with_attributes(sampler.clone()).span_exporter(exporter.clone()).install().unwrap();
    assert_eq!(outer(1), (false, true));
    assert_eq!(sampler.0.take(), ["outer false Some(\"1\")", "work true Some(\"2\")"]);
    // A library's spans are asked about as well.
    global::tracer("library").in_span("library", |_| ());
    assert_eq!(sampler.0.take(), ["library false None"]);
    telemetry.flush().unwrap();
    let spans = exporter.get_finished_spans().unwrap();
    assert_eq!(spans.iter().map(|span| &*span.name).collect::<Vec<_>>(), ["work", "library"]);
    assert!(spans.iter().all(|span| span.attributes.contains(&KeyValue::new("by", "even"))), "{spans:?}");
    assert!(spans[0].parent_span_id != SpanId::INVALID, "the span that was not recorded");
    drop(telemetry);

    let telemetry = builder(&[]).sampler(sampler.clone()).span_exporter(exporter.clone()).install().unwrap();
    assert_eq!(outer(1), (true, true));
    assert_eq!(sampler.0.take(), ["outer false None", "work true None"]);
    drop(telemetry);
}

#[test]
fn limits_hold_whether_code_or_the_environment_sets_them() {
    #[traced(attrs(a = "four", b = 2), links(link(), link()))]
    fn limited() {
        event!("one", a = 1, b = 2);
        event!("two");
    }
    fn link() -> Link {
        let to = SpanContext::new(TraceId::from(1), SpanId::from(1), TraceFlags::SAMPLED, false, TraceState::NONE);
        Link::new(to, vec![KeyValue::new("a", 1), KeyValue::new("b", 2)], 0)
    }
    #[track_caller]
    fn check(builder: TelemetryBuilder) {
        let exporter = InMemorySpanExporter::default();
        let telemetry = builder.span_exporter(exporter.clone()).install().unwrap();
        // As a root, which a sampler is asked about, and as a child, which is not.
        limited();
        global::tracer("library").in_span("parent", |_| limited());
        telemetry.flush().unwrap();
        let spans = exporter.get_finished_spans().unwrap();
        for span in spans.iter().filter(|span| span.name == "limited") {
            assert_eq!((span.attributes.len(), span.dropped_attributes_count), (1, 1));
            assert_eq!((span.events.len(), span.events.dropped_count), (1, 1));
            assert_eq!((span.links.len(), span.links.dropped_count), (1, 1));
            let (event, link) = (&span.events[0], &span.links[0]);
            assert_eq!((event.attributes.len(), event.dropped_attributes_count), (1, 1));
            assert_eq!((link.attributes.len(), link.dropped_attributes_count), (1, 1));
            assert_eq!(span.attributes[0].value.as_str(), "fo");
        }
        assert_eq!(spans.len(), 3);
    }
    let _alone = alone();
    let limits = SpanLimits {
        max_events_per_span: 1,
        max_attributes_per_span: 1,
        max_links_per_span: 1,
        max_attributes_per_event: 1,
        max_attributes_per_link: 1,
    };
    check(builder(&[]).span_limits(limits).attribute_value_length_limit(2));
    check(builder(&[
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "1"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "1"),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", "1"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "2"),
    ]));
}

#[test]
fn a_provider_of_the_application_is_flushed_and_shut_down_and_its_failures_are_told() {
    let _alone = alone();
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter.clone()).build();
    let telemetry = builder(&[]).tracer_provider(provider).install().unwrap();
    assert!(work(1));
    {
        let _suppressed = Context::enter_telemetry_suppressed_scope();
        assert!(!work(2));
    }
    telemetry.flush().unwrap();
    assert_eq!(exporter.get_finished_spans().unwrap().len(), 1);
    telemetry.shutdown().unwrap();
    assert!(!work(3), "nothing goes there any more");
    drop(telemetry);

    // A shutdown is one for the provider, too; who only lets go leaves it to the others that have it.
    let exporter = Noting::default();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter.clone()).build();
    let telemetry = builder(&[]).tracer_provider(provider.clone()).install().unwrap();
    assert!(work(1));
    drop(telemetry);
    assert_eq!(exporter.take()[1..], ["1 spans"]);
    let telemetry = builder(&[]).tracer_provider(provider.clone()).install().unwrap();
    assert!(work(1));
    telemetry.shutdown().unwrap();
    assert_eq!(exporter.take(), ["1 spans", "shutdown"]);
    drop(telemetry);
    // Nor is it a failure that the application has done so before.
    builder(&[]).tracer_provider(provider).install().unwrap().shutdown().unwrap();

    /// A processor that does as its exporter, which never comes to an end, or fails.
    #[derive(Debug)]
    struct Flush(Duration, Option<&'static str>);
    impl traced::opentelemetry_sdk::trace::SpanProcessor for Flush {
        fn on_start(&self, _: &mut traced::opentelemetry_sdk::trace::Span, _: &Context) {}
        fn on_end(&self, _: SpanData) {}
        fn force_flush(&self) -> OTelSdkResult {
            std::thread::sleep(self.0);
            self.1.map_or(Ok(()), |why| Err(OTelSdkError::InternalFailure(why.to_owned())))
        }
        fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
            Ok(())
        }
    }
    let fails = Flush(Duration::ZERO, Some("no room"));
    let provider = SdkTracerProvider::builder().with_span_processor(fails).build();
    let telemetry = builder(&[]).tracer_provider(provider).install().unwrap();
    let error = telemetry.flush().unwrap_err();
    assert!(matches!(&error, FlushError::Provider(why) if why.contains("no room")), "{error}");
    drop(telemetry);

    let slow = Flush(Duration::from_secs(2), None);
    let provider = SdkTracerProvider::builder().with_span_processor(slow).build();
    let timeout = Duration::from_millis(50);
    let telemetry = builder(&[]).tracer_provider(provider).flush_timeout(timeout).install().unwrap();
    assert!(matches!(telemetry.flush(), Err(FlushError::TimedOut { .. })));
    assert!(matches!(telemetry.shutdown(), Err(FlushError::TimedOut { .. })));
}

fn remote(sampled: bool) -> Context {
    let flags = TraceFlags::default().with_sampled(sampled);
    let state = TraceState::from_key_value([("vendor", "1")]).unwrap();
    Context::new().with_remote_span_context(SpanContext::new(TraceId::from(7), SpanId::from(9), flags, true, state))
}

/// The way of nearly every root: all of them are recorded, so that nobody is asked.
#[test]
fn roots_begin_traces_of_their_own_and_keep_what_the_context_carries() {
    #[traced]
    fn root() -> (SpanContext, Option<String>) {
        let context = Context::current();
        (context.span().span_context().clone(), context.get::<String>().cloned())
    }
    let _alone = alone();
    let exporter = InMemorySpanExporter::default();
    let telemetry = builder(&[]).span_exporter(exporter.clone()).install().unwrap();
    // The first one of a thread takes a longer way than those that follow.
    for _ in 0..3 {
        let _attached = Context::new().with_value("kept".to_owned()).attach();
        assert_eq!(root().1.as_deref(), Some("kept"));
    }
    {
        // As for the specification: a parent that is none.
        let _attached = Context::new().with_remote_span_context(SpanContext::empty_context()).attach();
        assert!(root().0.is_sampled());
    }
    {
        let _suppressed = Context::enter_telemetry_suppressed_scope();
        assert!(!root().0.is_valid());
    }
    telemetry.flush().unwrap();
    let spans = exporter.get_finished_spans().unwrap();
    assert_eq!(spans.len(), 4);
    for (at, span) in spans.iter().enumerate() {
        assert!(span.span_context.is_valid() && span.span_context.is_sampled());
        assert!(!span.span_context.is_remote() && !span.parent_span_is_remote);
        assert_eq!(span.parent_span_id, SpanId::INVALID);
        assert!(spans[..at].iter().all(|other| other.span_context.trace_id() != span.span_context.trace_id()));
        assert!(spans[..at].iter().all(|other| other.span_context.span_id() != span.span_context.span_id()));
    }
    telemetry.shutdown().unwrap();
    assert!(!root().0.is_valid(), "a trace began for nobody");
    assert_eq!(telemetry.health().open, 0);
}

/// The way of nearly every span: under a parent that says whether it is sampled, so that nobody is asked.
#[test]
fn a_child_takes_over_trace_state_and_flag_and_an_unsampled_one_leaves_the_context_as_it_is() {
    let _alone = alone();
    let exporter = InMemorySpanExporter::default();
    let sampler = Sampler::ParentBased(Box::new(Sampler::AlwaysOff));
    let telemetry = builder(&[]).sampler(sampler).span_exporter(exporter.clone()).install().unwrap();
    {
        let _attached = remote(true).attach();
        // The first one of a thread takes a longer way than those that follow.
        assert!(work(1) && work(2));
    }
    {
        let _attached = remote(false).attach();
        #[traced]
        fn seen() -> SpanContext {
            Context::current().span().span_context().clone()
        }
        assert_eq!(&seen(), remote(false).span().span_context());
        let library = global::tracer("library").start("library");
        use traced::opentelemetry::trace::Span;
        assert!(!library.is_recording());
        assert_eq!(library.span_context(), remote(false).span().span_context());
    }
    {
        let _attached = remote(true).attach();
        let _suppressed = Context::enter_telemetry_suppressed_scope();
        assert!(!work(3));
    }
    {
        // A root that is not sampled is known to what is beneath it, and to what is called from there.
        #[traced]
        fn root() -> (SpanContext, SpanContext) {
            #[traced]
            fn child() -> SpanContext {
                Context::current().span().span_context().clone()
            }
            (Context::current().span().span_context().clone(), child())
        }
        let (root, child) = root();
        assert!(root.is_valid() && !root.is_sampled());
        assert_eq!(root, child);
    }
    telemetry.flush().unwrap();
    let spans = exporter.get_finished_spans().unwrap();
    assert_eq!(spans.len(), 2);
    for span in spans {
        assert_eq!(span.span_context.trace_state().header(), "vendor=1");
        assert_eq!((span.parent_span_id, span.parent_span_is_remote), (SpanId::from(9), true));
    }
}
