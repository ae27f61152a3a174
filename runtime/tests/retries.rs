//! When a batch that a collector did not take is tried again, and when it is not lost.
#![cfg(feature = "otlp")]

mod support;

use std::net::TcpListener;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use support::{Answer, Collector, eventually};
use traced::{FlushError, Telemetry, TelemetryBuilder, traced};

/// Installing is for the whole process: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn to(endpoint: &str, more: &[(&'static str, &str)]) -> TelemetryBuilder {
    let mut variables: Vec<_> = more.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    variables.push(("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.to_owned()));
    variables.push(("OTEL_METRICS_EXPORTER", "none".to_owned()));
    Telemetry::builder()
        .environment(move |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone()))
        .on_warning(|_| {})
        // A busy machine takes its time.
        .flush_timeout(Duration::from_secs(300))
}

const HOUR: (&str, &str) = ("OTEL_BSP_SCHEDULE_DELAY", "3600000");

#[traced]
fn work() {}

/// How often the threads of this process have gone to sleep whose name is `name`.
#[cfg(target_os = "linux")]
fn slept(name: &str) -> u64 {
    let mut all = 0;
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let task = task.unwrap().path();
        let read = |file: &str| std::fs::read_to_string(task.join(file)).unwrap_or_default();
        if read("comm").trim_end() == name {
            let status = read("status");
            let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            all += count.map_or(0, |count| count.trim().parse::<u64>().unwrap());
        }
    }
    all
}

/// And not when the next batch is due, which may be long after it.
#[test]
fn a_batch_is_tried_again_when_its_wait_is_over() {
    let _alone = alone();
    let collector = Collector::start(Answer::Status(503));
    let telemetry = to(&collector.base(), &[HOUR]).install().unwrap();
    work();
    assert!(matches!(telemetry.flush(), Err(FlushError::Undelivered { spans: 1, .. })));
    collector.answer(Answer::Ok);
    eventually("the span", || collector.spans().len() == 1);
    eventually("its count", || telemetry.health().exported == 1);
}

#[cfg(target_os = "linux")]
#[test]
fn the_thread_sleeps_while_a_batch_waits() {
    let _alone = alone();
    let collector = Collector::start(Answer::Status(503));
    let telemetry = to(&collector.base(), &[HOUR]).install().unwrap();
    work();
    assert!(matches!(telemetry.flush(), Err(FlushError::Undelivered { spans: 1, .. })));
    let before = slept("traced-collecto");
    assert!(before > 0, "its name is another one");
    // The wait of one second ends meanwhile.
    std::thread::sleep(Duration::from_millis(1500));
    let times = slept("traced-collecto") - before;
    assert!(times < 200, "{times}");
}

/// The collector is back, and only the time that it had asked for is not over.
#[test]
fn the_end_tries_once_more_what_waits_for_a_time_that_the_collector_asked_for() {
    let _alone = alone();
    let collector = Collector::start(Answer::After(503, 4));
    let telemetry = to(&collector.base(), &[("OTEL_BSP_SCHEDULE_DELAY", "1")]).install().unwrap();
    work();
    eventually("the first try", || collector.refused() == 1);
    collector.answer(Answer::Ok);
    telemetry.shutdown().unwrap();
    assert_eq!((collector.spans().len(), telemetry.health().exported), (1, 1));
}

/// As does a host that is down, or behind a firewall that says nothing.
#[cfg(target_os = "linux")]
#[test]
fn what_could_not_even_connect_in_time_is_kept() {
    use std::net::TcpStream;
    use std::os::fd::AsRawFd;
    let _alone = alone();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    // As few as possible may wait to be accepted; when they do, the system does not answer any other.
    // SAFETY: it is a listening socket.
    assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        waiting.push(stream);
        assert!(waiting.len() < 100, "this system answers all");
    }
    let timeout = ("OTEL_EXPORTER_OTLP_TIMEOUT", "1000");
    let telemetry = to(&format!("http://{address}"), &[HOUR, timeout]).install().unwrap();
    work();
    let error = telemetry.flush().unwrap_err();
    assert!(matches!(&error, FlushError::Undelivered { spans: 1, .. }), "{error}");
    assert!(error.to_string().contains("OTEL_EXPORTER_OTLP_ENDPOINT"), "{error}");
    assert_eq!((telemetry.health().queued, telemetry.health().dropped.total()), (1, 0));
    drop(waiting);
    let collector = Collector::on(listener, Answer::Ok);
    eventually("the span", || collector.spans().len() == 1);
}
