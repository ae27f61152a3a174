//! Several exporters side by side: what holds one of them up concerns it alone.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use traced::opentelemetry_sdk::error::OTelSdkResult;
use traced::opentelemetry_sdk::trace::{SpanData, SpanExporter};
use traced::{FlushError, Telemetry, TelemetryBuilder};

/// Installing is for the whole process: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An exporter that counts, and waits while it is held.
#[derive(Debug, Clone, Default)]
struct Counting(Arc<(Mutex<Counted>, Condvar)>);

#[derive(Debug, Default)]
struct Counted {
    held: bool,
    entered: bool,
    spans: u64,
    last_id: i64,
}

impl Counting {
    fn held() -> Self {
        let held = Self::default();
        held.lock().held = true;
        held
    }

    fn release(&self) {
        self.lock().held = false;
        self.0.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[track_caller]
    fn wait(&self, what: &str, done: impl Fn(&Counted) -> bool) {
        let (counted, _) =
            self.0.1.wait_timeout_while(self.lock(), Duration::from_secs(20), |counted| !done(counted)).unwrap();
        assert!(done(&counted), "not in time: {what}; {counted:?}");
    }
}

/// Released also when a test fails: its thread would never end.
struct Released<'a>(&'a Counting);

impl Drop for Released<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}

impl SpanExporter for Counting {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let mut counted = self.lock();
        counted.entered = true;
        self.0.1.notify_all();
        let mut counted = self.0.1.wait_while(counted, |counted| counted.held).unwrap();
        for span in &batch {
            let id = span.attributes.iter().find(|attribute| attribute.key.as_str() == "id");
            let id = id.map_or(0, |id| id.value.as_str().parse().unwrap());
            assert!(id > counted.last_id, "{id} after {}", counted.last_id);
            counted.last_id = id;
        }
        counted.spans += batch.len() as u64;
        self.0.1.notify_all();
        Ok(())
    }
}

fn builder(delay: &'static str) -> TelemetryBuilder {
    Telemetry::builder()
        .environment(move |name| (name == "OTEL_BSP_SCHEDULE_DELAY").then(|| delay.to_owned()))
        .on_warning(|_| {})
}

#[traced::traced(attrs(id = id, text = text))]
fn work(id: i64, text: &str) {}

const TEXT: &str = "a text that is long enough for a span to take the two hundred bytes that it takes in most programs";

#[test]
fn one_that_hangs_holds_up_no_other_and_loses_its_own_spans_alone() {
    let _alone = alone();
    let (hanging, well) = (Counting::held(), Counting::default());
    let telemetry = builder("5")
        .max_queue_bytes(4 * 1024 * 1024)
        .span_exporter(hanging.clone())
        .span_exporter(well.clone())
        .install()
        .unwrap();
    let _released = Released(&hanging);
    // Three times as much as there may be in memory.
    const SPANS: i64 = 60_000;
    for id in 1..=SPANS {
        work(id, TEXT);
        if id % 2000 == 0 {
            well.wait("what ended before", |counted| counted.spans == id as u64);
        }
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    while telemetry.health().exported < SPANS as u64 {
        assert!(Instant::now() < deadline, "{:?}", telemetry.health());
        std::thread::yield_now();
    }
    let health = telemetry.health();
    assert!(health.queued_bytes <= health.max_queued_bytes, "{health:?}");

    hanging.release();
    telemetry.flush().unwrap();
    let health = telemetry.health();
    let kept = hanging.lock().spans;
    // Its share is half of the memory, in which a span takes some 230 bytes.
    assert!((6_000..40_000).contains(&kept), "{kept}");
    assert_eq!(health.exported, SPANS as u64 + kept, "{health:?}");
    assert_eq!(health.dropped.queue_full, SPANS as u64 - kept, "{health:?}");
    assert_eq!((health.queued, health.dropped.total()), (0, SPANS as u64 - kept), "{health:?}");
}

#[test]
fn a_flush_tells_of_spans_that_found_no_room_meanwhile() {
    let _alone = alone();
    let (hanging, well) = (Counting::held(), Counting::default());
    let telemetry = builder("5")
        .max_queue_bytes(4 * 1024 * 1024)
        .span_exporter(hanging.clone())
        .span_exporter(well.clone())
        .flush_timeout(Duration::from_secs(300))
        .install()
        .unwrap();
    let released = Released(&hanging);
    work(1, TEXT);
    hanging.wait("an export", |counted| counted.entered);
    std::thread::scope(|scope| {
        let flush = scope.spawn(|| telemetry.flush());
        well.wait("the first span", |counted| counted.spans == 1);
        // It is ordered by now; where it is not, this shows less.
        std::thread::sleep(Duration::from_millis(20));
        for id in 2..=40_000 {
            work(id, TEXT);
            if id % 2000 == 0 {
                well.wait("what ended before", |counted| counted.spans == id as u64);
            }
        }
        drop(released);
        let error = flush.join().unwrap().unwrap_err();
        let dropped = telemetry.health().dropped.queue_full;
        assert!(dropped > 0);
        assert!(matches!(error, FlushError::Lost { spans: 1.., .. }), "{dropped}: {error}");
        assert!(error.to_string().contains("max_queue_bytes"), "{error}");
    });
    work(40_001, TEXT);
    telemetry.flush().unwrap();
    assert_eq!(telemetry.health().queued, 0);
}

/// A telemetry that waits for a short time, with an exporter that hangs and one that does not.
fn hanging_beside_well() -> (Telemetry, Counting, Counting) {
    let (hanging, well) = (Counting::held(), Counting::default());
    let telemetry = builder("60000")
        .span_exporter(hanging.clone())
        .span_exporter(well.clone())
        .flush_timeout(Duration::from_millis(300))
        .install()
        .unwrap();
    (telemetry, hanging, well)
}

#[test]
fn a_flush_waits_for_all_and_says_which_time_was_up() {
    let _alone = alone();
    let (telemetry, hanging, well) = hanging_beside_well();
    let released = Released(&hanging);
    work(1, TEXT);
    let error = telemetry.flush().unwrap_err();
    assert!(matches!(error, FlushError::TimedOut { pending: 1, .. }), "{error}");
    assert_eq!(well.lock().spans, 1);
    drop(released);
    hanging.wait("the span", |counted| counted.spans == 1);
    work(2, TEXT);
    telemetry.flush().unwrap();
    assert_eq!((hanging.lock().spans, well.lock().spans), (2, 2));
}

#[test]
fn the_end_delivers_to_all_and_waits_for_none_beyond_its_time() {
    let _alone = alone();
    let (telemetry, hanging, well) = hanging_beside_well();
    let _released = Released(&hanging);
    work(1, TEXT);
    let start = Instant::now();
    telemetry.shutdown().unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!((well.lock().spans, hanging.lock().entered), (1, true));
}

/// With a queue of 100 places, which is emptied for its age after `delay` milliseconds.
fn of_100_places(delay: &'static str) -> TelemetryBuilder {
    Telemetry::builder().environment(move |name| match name {
        "OTEL_BSP_MAX_QUEUE_SIZE" => Some("100".to_owned()),
        "OTEL_BSP_SCHEDULE_DELAY" => Some(delay.to_owned()),
        _ => None,
    })
}

#[test]
fn a_queue_of_few_places_is_emptied_before_it_is_full() {
    let _alone = alone();
    let well = Counting::default();
    let telemetry = of_100_places("60000").span_exporter(well.clone()).install().unwrap();
    for id in 1..=500 {
        work(id, TEXT);
        if id % 50 == 0 {
            well.wait("half of a queue", |counted| counted.spans == id as u64);
        }
    }
    assert_eq!(telemetry.health().dropped.total(), 0);
}

/// An exporter that waits for something of its own, as one that needs a runtime does, and takes for that what was to wake the
/// thread.
#[derive(Debug, Clone, Default)]
struct Waiting(Counting);

impl SpanExporter for Waiting {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.export(batch).await?;
        std::thread::park_timeout(Duration::ZERO);
        Ok(())
    }
}

#[test]
fn a_queue_that_fills_during_an_export_is_emptied_after_it() {
    let _alone = alone();
    let exporter = Waiting(Counting::held());
    let telemetry = of_100_places("3600000").span_exporter(exporter.clone()).install().unwrap();
    let _released = Released(&exporter.0);
    (1..=50).for_each(|id| work(id, TEXT));
    exporter.0.wait("an export", |counted| counted.entered);
    (51..=110).for_each(|id| work(id, TEXT));
    exporter.0.release();
    exporter.0.wait("what came in meanwhile", |counted| counted.spans == 110);
    assert_eq!(telemetry.health().dropped.total(), 0);
}
