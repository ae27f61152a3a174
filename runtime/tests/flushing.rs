//! What a flush and the end of the program tell of exporters: each by its name, whatever the others do.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use traced::opentelemetry::Context;
use traced::opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use traced::opentelemetry_sdk::trace::{SdkTracerProvider, Span, SpanData, SpanExporter, SpanProcessor};
use traced::{FlushError, Telemetry, TelemetryBuilder, Warning, traced};

/// Installing is for the whole process: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

type Warnings = Arc<Mutex<Vec<Warning>>>;

fn builder() -> (TelemetryBuilder, Warnings) {
    let warnings = Warnings::default();
    let seen = Arc::clone(&warnings);
    let builder = Telemetry::builder()
        .environment(|name| (name == "OTEL_METRICS_EXPORTER").then(|| "none".to_owned()))
        .on_warning(move |warning| seen.lock().unwrap().push(warning.clone()))
        // A busy machine takes its time.
        .flush_timeout(Duration::from_secs(300));
    (builder, warnings)
}

#[traced]
fn work() {}

/// What an exporter does when it is asked for something.
#[derive(Debug, Clone, Copy, Default)]
enum Does {
    #[default]
    Well,
    Fails(&'static str),
    Panics,
    /// It does not come back before the test is over.
    Hangs,
}

impl Does {
    fn done(self, over: &Mutex<Receiver<()>>) -> OTelSdkResult {
        match self {
            Self::Well => Ok(()),
            Self::Fails(why) => Err(OTelSdkError::InternalFailure(why.to_owned())),
            Self::Panics => std::panic::panic_any(Bomb),
            Self::Hangs => {
                let _ = over.lock().unwrap_or_else(PoisonError::into_inner).recv();
                Ok(())
            }
        }
    }
}

/// What was panicked with panics again when it goes.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("what was panicked with");
    }
}

/// How an exporter is told what to do, and what it was asked for.
#[derive(Debug, Default)]
struct State {
    export: Does,
    flush: Does,
    shutdown: Does,
    drop: Does,
    asked: Vec<&'static str>,
    threads: Vec<std::thread::ThreadId>,
}

/// The test's end of an exporter. What hangs goes on when it is gone.
struct Told {
    state: Arc<Mutex<State>>,
    _over: Sender<()>,
}

impl Told {
    fn to(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
    }

    fn asked(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }
}

#[derive(Debug)]
struct Exporter<const NUMBER: u8> {
    state: Arc<Mutex<State>>,
    over: Mutex<Receiver<()>>,
}

fn exporter<const NUMBER: u8>() -> (Exporter<NUMBER>, Told) {
    let (_over, over) = channel();
    let state = Arc::<Mutex<State>>::default();
    (Exporter { state: Arc::clone(&state), over: Mutex::new(over) }, Told { state, _over })
}

impl<const NUMBER: u8> Exporter<NUMBER> {
    fn does(&self, asked: &'static str, what: impl FnOnce(&State) -> Does) -> OTelSdkResult {
        let does = {
            let mut state = self.state.lock().unwrap();
            state.asked.push(asked);
            state.threads.push(std::thread::current().id());
            what(&state)
        };
        does.done(&self.over)
    }
}

impl<const NUMBER: u8> SpanExporter for Exporter<NUMBER> {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        self.does("export", |state| state.export)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.does("force_flush", |state| state.flush)
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        self.does("shutdown", |state| state.shutdown)
    }
}

impl<const NUMBER: u8> Drop for Exporter<NUMBER> {
    fn drop(&mut self) {
        let _ = self.does("drop", |state| state.drop);
    }
}

const SECRET: &str =
    "no room at (https://ada:hunter2@example.org/v1?token=hunter2): \"http://eve:hunter2@[::1]:80\"\nX";

#[track_caller]
fn assert_told(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("hunter2") && !text.contains('\n'), "{text}");
}

#[test]
fn a_flush_tells_which_exporter_failed_to_hand_on_what_it_holds() {
    let _alone = alone();
    let (one, told) = exporter::<1>();
    let (builder, warnings) = builder();
    let telemetry = builder.span_exporter(one).install().unwrap();
    told.to(|state| state.flush = Does::Fails(SECRET));
    work();
    let error = telemetry.flush().unwrap_err();
    assert!(matches!(error, FlushError::Exporter(_)), "{error}");
    let parts =
        ["Exporter<1>", "force_flush", "no room at (https://example.org/v1): \"http://[::1]:80\"", "span_exporter"];
    assert_told(&error.to_string(), &parts);
    assert_eq!(told.asked(), ["export", "force_flush"]);
    assert!(told.state.lock().unwrap().threads.iter().all(|thread| *thread != std::thread::current().id()));
    // The spans were taken all the same.
    let health = telemetry.health();
    assert_eq!((health.exported, health.dropped.total(), health.queued), (1, 0, 0));
    assert_told(&health.last_error.unwrap(), &["no room"]);
    assert_told(
        &warnings.lock().unwrap().iter().map(ToString::to_string).collect::<String>(),
        &["Exporter<1>", "no room"],
    );

    told.to(|state| state.flush = Does::Well);
    telemetry.flush().unwrap();
    assert!(matches!(warnings.lock().unwrap().last(), Some(Warning::ExportRecovered { spans: 0, .. })));
}

#[test]
fn of_several_exporters_each_tells_its_own() {
    let _alone = alone();
    let ((one, first), (two, second), (three, third)) = (exporter::<1>(), exporter::<2>(), exporter::<3>());
    let (builder, _) = builder();
    let telemetry = builder.span_exporter(one).span_exporter(two).span_exporter(three).install().unwrap();
    first.to(|state| state.flush = Does::Fails("no room"));
    second.to(|state| state.export = Does::Fails("no way"));
    work();
    let error = telemetry.flush().unwrap_err();
    assert!(matches!(error, FlushError::Lost { spans: 1, .. }), "{error}");
    assert_told(&error.to_string(), &["Exporter<1>", "no room", "Exporter<2>: ", "no way"]);
    for told in [&first, &second, &third] {
        assert_eq!(told.asked(), ["export", "force_flush"]);
    }
    assert_eq!(telemetry.health().exported, 2);

    second.to(|state| (state.export, state.flush) = (Does::Well, Does::Fails("no time")));
    work();
    let error = telemetry.flush().unwrap_err();
    assert!(matches!(error, FlushError::Exporter(_)), "{error}");
    assert_told(&error.to_string(), &["Exporter<1>", "no room", "Exporter<2>", "no time"]);
    assert!(!error.to_string().contains("no way"), "that was before: {error}");
}

#[test]
fn an_exporter_that_panics_is_told_and_goes_on() {
    let _alone = alone();
    let (one, told) = exporter::<1>();
    let (builder, _) = builder();
    let telemetry = builder.span_exporter(one).install().unwrap();
    told.to(|state| state.flush = Does::Panics);
    work();
    let error = telemetry.flush().unwrap_err();
    assert!(matches!(error, FlushError::Exporter(_)), "{error}");
    assert_told(&error.to_string(), &["Exporter<1>", "panicked"]);

    told.to(|state| (state.export, state.flush) = (Does::Panics, Does::Well));
    work();
    assert!(matches!(telemetry.flush(), Err(FlushError::Lost { spans: 1, .. })));
    told.to(|state| state.export = Does::Well);
    work();
    telemetry.flush().unwrap();
    assert_eq!((telemetry.health().exported, telemetry.health().dropped.total()), (2, 1));
}

#[test]
fn a_flush_waits_for_an_exporter_no_longer_than_its_deadline_and_names_it() {
    let _alone = alone();
    let ((one, first), (two, second)) = (exporter::<1>(), exporter::<2>());
    let (builder, _) = builder();
    let builder = builder.flush_timeout(Duration::from_millis(200)).span_exporter(one).span_exporter(two);
    let telemetry = builder.install().unwrap();
    first.to(|state| state.flush = Does::Hangs);
    second.to(|state| state.flush = Does::Fails("no room"));
    work();
    let start = Instant::now();
    let error = telemetry.flush().unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(matches!(error, FlushError::TimedOut { pending: 0, .. }), "{error}");
    assert_told(&error.to_string(), &["Exporter<1>", "force_flush", "Exporter<2>", "no room"]);
    // Nor does the end.
    let start = Instant::now();
    let error = telemetry.shutdown().unwrap_err();
    assert!(matches!(error, FlushError::TimedOut { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(second.asked(), ["export", "force_flush", "shutdown", "drop"]);
    drop(first);
}

#[test]
fn an_export_that_hangs_is_named_by_the_flush_and_earlier_failures_of_others_are_not() {
    let _alone = alone();
    let ((one, first), (two, second)) = (exporter::<1>(), exporter::<2>());
    let (builder, _) = builder();
    let telemetry = builder.span_exporter(one).span_exporter(two).install().unwrap();
    first.to(|state| state.export = Does::Fails("no room"));
    work();
    let error = telemetry.flush().unwrap_err();
    assert_told(&error.to_string(), &["Exporter<1>", "no room"]);
    assert!(!error.to_string().contains("Exporter<2>"), "{error}");
    drop(telemetry);

    let ((one, first), (two, second)) = (exporter::<1>(), (exporter::<2>().0, second));
    let (builder, _) = self::builder();
    let builder = builder.flush_timeout(Duration::from_millis(200)).span_exporter(one).span_exporter(two);
    let telemetry = builder.install().unwrap();
    first.to(|state| state.export = Does::Hangs);
    work();
    let error = telemetry.flush().unwrap_err();
    assert!(matches!(error, FlushError::TimedOut { pending: 1, .. }), "{error}");
    assert_told(&error.to_string(), &["Exporter<1>"]);
    assert!(!error.to_string().contains("Exporter<2>"), "{error}");
    drop(second);
}

#[test]
fn the_end_tells_which_exporter_could_not_be_shut_down() {
    let _alone = alone();
    for (does, why) in [(Does::Fails(SECRET), "no room"), (Does::Panics, "panicked")] {
        let (one, told) = exporter::<1>();
        let (builder, warnings) = builder();
        let telemetry = builder.span_exporter(one).install().unwrap();
        told.to(|state| state.shutdown = does);
        work();
        let error = telemetry.shutdown().unwrap_err();
        assert!(matches!(error, FlushError::Exporter(_)), "{error}");
        assert_told(&error.to_string(), &["Exporter<1>", "shutdown", why]);
        assert_eq!(told.asked(), ["export", "shutdown", "drop"]);
        assert_eq!((telemetry.health().exported, telemetry.health().dropped.total()), (1, 0));
        assert_eq!(warnings.lock().unwrap().len(), 1, "whoever drops it is told as well");
    }
}

#[test]
fn the_end_waits_for_no_exporter_that_does_not_go() {
    let _alone = alone();
    for does in [Does::Panics, Does::Hangs] {
        let (one, told) = exporter::<1>();
        let (builder, _) = builder();
        let timeout = if matches!(does, Does::Hangs) { 200 } else { 300_000 };
        let telemetry = builder.flush_timeout(Duration::from_millis(timeout)).span_exporter(one).install().unwrap();
        told.to(|state| state.drop = does);
        work();
        let start = Instant::now();
        match (does, telemetry.shutdown()) {
            (Does::Hangs, Err(FlushError::TimedOut { pending: 0, .. })) | (Does::Panics, Ok(())) => {}
            (_, other) => panic!("{does:?}: {other:?}"),
        }
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        assert_eq!(telemetry.health().exported, 1);
    }
}

/// A processor of the application's own provider.
#[derive(Debug)]
struct Processor(Does);

impl SpanProcessor for Processor {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, _: SpanData) {}

    fn force_flush(&self) -> OTelSdkResult {
        self.0.done(&Mutex::new(channel().1))
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

#[test]
fn what_a_provider_of_the_application_fails_with_is_told() {
    let _alone = alone();
    for (does, why) in [(Does::Fails(SECRET), "no room"), (Does::Panics, "panicked")] {
        let provider = SdkTracerProvider::builder()
            .with_span_processor(Processor(Does::Well))
            .with_span_processor(Processor(does))
            .build();
        let telemetry = builder().0.tracer_provider(provider).install().unwrap();
        for result in [telemetry.flush(), telemetry.shutdown()] {
            let error = result.unwrap_err();
            assert!(matches!(error, FlushError::Provider(_)), "{error}");
            assert_told(&error.to_string(), &[why]);
        }
    }
}

/// A processor whose flush does not come back before the test is over.
#[cfg(feature = "metrics")]
#[derive(Debug)]
struct Stuck(Mutex<Receiver<()>>);

#[cfg(feature = "metrics")]
impl SpanProcessor for Stuck {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, _: SpanData) {}

    fn force_flush(&self) -> OTelSdkResult {
        Does::Hangs.done(&self.0)
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

#[cfg(feature = "metrics")]
#[test]
fn a_provider_that_hangs_keeps_no_metrics_from_being_flushed() {
    use traced::opentelemetry_sdk::metrics::InMemoryMetricExporter;

    const FLUSHES: usize = 40;
    let _alone = alone();
    let (_over, over) = channel();
    let provider = SdkTracerProvider::builder().with_span_processor(Stuck(Mutex::new(over))).build();
    let exporter = InMemoryMetricExporter::default();
    let telemetry = Telemetry::builder()
        .environment(|_| None)
        .flush_timeout(Duration::from_millis(20))
        .tracer_provider(provider)
        .metric_exporter(exporter.clone())
        .install()
        .unwrap();
    traced::opentelemetry::global::meter("own").u64_counter("own").build().add(1, &[]);
    // Those for which the traces left no time go on by themselves.
    let deadline = Instant::now() + Duration::from_secs(60);
    while exporter.get_finished_metrics().unwrap().len() < FLUSHES {
        telemetry.flush().unwrap_err();
        assert!(Instant::now() < deadline, "{} flushes", exporter.get_finished_metrics().unwrap().len());
    }
}
