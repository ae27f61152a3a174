//! How finished spans leave: how many at once, how often they are tried, and how long anybody waits for that.
#![cfg(feature = "otlp")]

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use prost::Message;
use support::{Answer, Collector, eventually};
use traced::opentelemetry_sdk::error::OTelSdkResult;
use traced::opentelemetry_sdk::trace::{SpanData, SpanExporter};
use traced::{FlushError, Telemetry, TelemetryBuilder, traced};

/// Installing is for the whole process: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn builder(variables: &[(&'static str, &str)]) -> TelemetryBuilder {
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Telemetry::builder()
        .environment(move |name| match variables.iter().find(|(key, _)| *key == name) {
            Some((_, value)) => Some(value.clone()),
            None => (name == "OTEL_METRICS_EXPORTER").then(|| "none".to_owned()),
        })
        .on_warning(|_| {})
}

fn to(collector: &Collector, more: &[(&'static str, &str)]) -> TelemetryBuilder {
    let base = collector.base();
    builder(&[&[("OTEL_EXPORTER_OTLP_ENDPOINT", base.as_str())], more].concat())
        // A busy machine takes its time; what takes longer than it should is measured where it matters.
        .flush_timeout(Duration::from_secs(300))
}

#[traced(attrs(text = text))]
fn work(text: &str) {}

#[test]
fn a_request_has_at_most_two_mebibytes() {
    let _alone = alone();
    let collector = Collector::start(Answer::Ok);
    // What says who the spans are from may be large as well.
    let telemetry = to(&collector, &[]).resource_attribute("large", "r".repeat(150_000)).install().unwrap();
    let text = "x".repeat(20_000);
    for _ in 0..400 {
        work(&text);
    }
    telemetry.flush().unwrap();
    let sizes: Vec<usize> = collector.arrived().iter().map(|request| request.body.encoded_len()).collect();
    assert!(sizes.len() > 3 && sizes.iter().all(|size| *size <= 2 * 1024 * 1024), "{sizes:?}");
    assert_eq!(collector.spans().len(), 400);
}

#[test]
fn a_batch_has_as_many_spans_as_the_environment_says() {
    let _alone = alone();
    let collector = Collector::start(Answer::Ok);
    let telemetry = to(&collector, &[("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "7")]).install().unwrap();
    // On a thread that exits while most of them are still in its log.
    std::thread::spawn(|| (0..50).for_each(|_| work(""))).join().unwrap();
    telemetry.flush().unwrap();
    for request in collector.arrived() {
        let spans: usize = request.body.resource_spans[0].scope_spans.iter().map(|scope| scope.spans.len()).sum();
        assert!(spans <= 7, "{spans}");
    }
    assert_eq!(collector.spans().len(), 50);
}

#[test]
fn spans_leave_after_the_delay_that_the_environment_names() {
    let _alone = alone();
    let collector = Collector::start(Answer::Ok);
    let _telemetry = to(&collector, &[("OTEL_BSP_SCHEDULE_DELAY", "5")]).install().unwrap();
    work("");
    let start = Instant::now();
    eventually("the span", || collector.spans().len() == 1);
    assert!(start.elapsed() < Duration::from_secs(4), "the default is five seconds: {:?}", start.elapsed());
}

#[test]
fn each_status_that_may_be_repeated_is_and_no_other() {
    let _alone = alone();
    for status in [429, 502, 503, 504] {
        let collector = Collector::start(Answer::Status(status));
        let telemetry = to(&collector, &[]).install().unwrap();
        work("");
        std::thread::scope(|scope| {
            let flush = scope.spawn(|| telemetry.flush());
            eventually("the first try", || collector.refused() > 0);
            collector.answer(Answer::Ok);
            flush.join().unwrap().unwrap();
        });
        assert_eq!(collector.spans().len(), 1, "{status}");
    }
    for status in [400, 401, 404, 500, 501] {
        let collector = Collector::start(Answer::Status(status));
        let telemetry = to(&collector, &[]).install().unwrap();
        work("");
        assert!(matches!(telemetry.flush(), Err(FlushError::Lost { spans: 1, .. })), "{status}");
        assert_eq!((collector.refused(), telemetry.health().dropped.total()), (1, 1), "{status}");
    }
}

#[test]
fn a_collector_is_asked_again_when_it_has_said() {
    let _alone = alone();
    let collector = Collector::start(Answer::After(503, 1));
    let telemetry = to(&collector, &[]).install().unwrap();
    work("");
    let start = Instant::now();
    std::thread::scope(|scope| {
        let flush = scope.spawn(|| telemetry.flush());
        eventually("the first try", || collector.refused() > 0);
        collector.answer(Answer::Ok);
        flush.join().unwrap().unwrap();
    });
    // Otherwise it is asked again after 375 ms at the most.
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(collector.spans().len(), 1);
}

#[test]
fn the_end_does_not_wait_for_a_time_that_the_collector_asked_for_and_tries_once_more() {
    let _alone = alone();
    let collector = Collector::start(Answer::After(429, 3600));
    let telemetry = to(&collector, &[("OTEL_BSP_SCHEDULE_DELAY", "1")]).install().unwrap();
    work("");
    eventually("the first try", || collector.refused() == 1);
    // What comes in meanwhile, and is due, does not make it come earlier.
    let text = "x".repeat(60_000);
    for _ in 0..20 {
        // So much that its thread is woken.
        (0..4).for_each(|_| work(&text));
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(collector.refused(), 1);
    assert_eq!(telemetry.health().dropped.total(), 0);
    collector.answer(Answer::Ok);
    telemetry.shutdown().unwrap();
    assert_eq!(collector.spans().len(), 81);
    assert_eq!((telemetry.health().exported, telemetry.health().queued), (81, 0));
}

/// Reads a request up to its end, which is the name of its span; false when there is none.
fn read_request(stream: &mut TcpStream) -> bool {
    let mut request = Vec::new();
    let mut part = [0; 4096];
    while !request.windows(4).any(|bytes| bytes == b"work") {
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return false,
            Ok(read) => request.extend_from_slice(&part[..read]),
        }
    }
    true
}

#[test]
fn an_answer_that_breaks_off_is_no_answer() {
    let _alone = alone();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let collector = std::thread::spawn(move || {
        let mut requests = 0;
        for mut stream in listener.incoming().map_while(Result::ok) {
            if read_request(&mut stream) {
                requests += 1;
                let length = if requests == 1 { 10 } else { 0 };
                let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
            }
            if requests == 2 {
                return;
            }
        }
    });
    let telemetry = builder(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    let telemetry = telemetry.flush_timeout(Duration::from_secs(300)).install().unwrap();
    work("");
    telemetry.flush().unwrap();
    collector.join().unwrap();
    assert_eq!((telemetry.health().exported, telemetry.health().dropped.total()), (1, 0));
}

/// An exporter that counts, and waits while it is held.
#[derive(Debug, Clone, Default)]
struct Held(Arc<(Mutex<(bool, u64)>, Condvar)>);

impl Held {
    fn hold(&self, held: bool) {
        self.0.0.lock().unwrap().0 = held;
        self.0.1.notify_all();
    }

    fn spans(&self) -> u64 {
        self.0.0.lock().unwrap().1
    }
}

impl SpanExporter for Held {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let state = self.0.0.lock().unwrap();
        self.0.1.wait_while(state, |(held, _)| *held).unwrap().1 += batch.len() as u64;
        Ok(())
    }
}

/// Released also when a test fails: its thread would never end.
struct Released<'a>(&'a Held);

impl Drop for Released<'_> {
    fn drop(&mut self) {
        self.0.hold(false);
    }
}

#[test]
fn a_burst_of_100_000_spans_waits_within_the_default_memory_and_arrives() {
    let _alone = alone();
    let exporter = Held::default();
    let released = Released(&exporter);
    exporter.hold(true);
    let telemetry = builder(&[]).span_exporter(exporter.clone()).flush_timeout(Duration::from_secs(300));
    let telemetry = telemetry.install().unwrap();
    assert_eq!(telemetry.health().max_queued_bytes, 64 * 1024 * 1024);
    // In threads that exit, too. As large as most spans are.
    let text = "a text of a good many bytes, so that a span takes as much as they do in most programs: some 230 bytes";
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..50_000).for_each(|_| work(text)));
        }
    });
    let health = telemetry.health();
    assert_eq!((health.dropped.total(), health.exported), (0, 0));
    assert!(health.queued_bytes > 16 * 1024 * 1024, "{health:?}");
    drop(released);
    telemetry.flush().unwrap();
    let health = telemetry.health();
    assert_eq!((exporter.spans(), health.exported, health.dropped.total()), (100_000, 100_000, 0));
}

#[test]
fn a_flush_takes_no_longer_than_an_export_may() {
    let _alone = alone();
    let exporter = Held::default();
    let _released = Released(&exporter);
    exporter.hold(true);
    let telemetry = builder(&[("OTEL_BSP_EXPORT_TIMEOUT", "50")]).span_exporter(exporter.clone()).install().unwrap();
    work("");
    let error = telemetry.flush().unwrap_err();
    let FlushError::TimedOut { after, pending: 1, .. } = error else { panic!("{error}") };
    assert_eq!(after, Duration::from_millis(50));
}

/// An exporter that waits while it is held, and during whose exports others go on to record a lot.
#[derive(Debug, Clone, Default)]
struct Busy(Arc<(Mutex<Meanwhile>, Condvar)>);

#[derive(Debug, Default)]
struct Meanwhile {
    held: bool,
    entered: bool,
    skip: bool,
    /// Whom to ask for more, and who has answered.
    threads: Vec<(Sender<()>, Receiver<()>)>,
    /// During how many more exports.
    exports: u32,
    wanted: u32,
}

impl SpanExporter for Busy {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let mut state = self.0.0.lock().unwrap();
        state.entered = true;
        let mut state = self.0.1.wait_while(state, |state| state.held).unwrap();
        state.wanted += batch.iter().filter(|span| span.name == "wanted").count() as u32;
        if state.skip {
            state.skip = false;
        } else if state.exports > 0 {
            state.exports -= 1;
            state.threads.iter().for_each(|(ask, _)| ask.send(()).unwrap());
            state.threads.iter().for_each(|(_, done)| done.recv().unwrap());
        }
        Ok(())
    }
}

#[test]
fn a_flush_delivers_what_ended_before_however_much_is_recorded_meanwhile() {
    /// So large that it does not fit in between.
    #[traced(attrs(text = "x".repeat(60_000)))]
    fn wanted() {}
    /// A thread that does its work each time that it is asked to.
    fn thread(work: impl Fn() + Send + 'static) -> (Sender<()>, Receiver<()>) {
        let ((ask, asked), (answer, done)) = (channel(), channel());
        std::thread::spawn(move || {
            for () in asked {
                work();
                answer.send(()).unwrap();
            }
        });
        (ask, done)
    }
    fn once((ask, done): &(Sender<()>, Receiver<()>)) {
        ask.send(()).unwrap();
        done.recv().unwrap();
    }
    let _alone = alone();
    let exporter = Busy::default();
    let telemetry = builder(&[("OTEL_BSP_SCHEDULE_DELAY", "3600000")]).span_exporter(exporter.clone());
    let telemetry = telemetry.flush_timeout(Duration::from_secs(300)).install().unwrap();
    let text = Arc::new("x".repeat(50_000));
    // More than a request takes each time.
    let busy = || {
        let text = Arc::clone(&text);
        thread(move || (0..45).for_each(|_| work(&text)))
    };
    let mut threads: Vec<_> = (0..6).map(|_| busy()).collect();
    let quiet = thread(wanted);
    threads.iter().chain([&quiet]).for_each(once);
    let first = threads.remove(0);
    exporter.0.0.lock().unwrap().threads = threads;
    telemetry.flush().unwrap();
    // Whichever thread's turn it is.
    for round in 2..16 {
        {
            let mut state = exporter.0.0.lock().unwrap();
            (state.held, state.entered) = (true, false);
        }
        work("");
        std::thread::scope(|scope| {
            let earlier = scope.spawn(|| telemetry.flush());
            eventually("an export", || exporter.0.0.lock().unwrap().entered);
            once(&first);
            once(&quiet);
            let flush = scope.spawn(|| telemetry.flush().map(|()| exporter.0.0.lock().unwrap().wanted));
            // It is ordered by now; where it is not, this round shows less.
            std::thread::sleep(Duration::from_millis(20));
            {
                let mut state = exporter.0.0.lock().unwrap();
                (state.held, state.exports, state.skip) = (false, 4, true);
            }
            exporter.0.1.notify_all();
            earlier.join().unwrap().unwrap();
            assert_eq!(flush.join().unwrap().unwrap(), round);
        });
        exporter.0.0.lock().unwrap().exports = 0;
        (0..=(round * round) % 7).for_each(|_| telemetry.flush().unwrap());
    }
    assert_eq!(telemetry.health().dropped.total(), 0);
}
