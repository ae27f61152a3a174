//! A collector that is away, slow or refusing costs the bookstore's clients nothing.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use traced_system_tests::{Answer, Bookstore, OtlpReceiver, Start, wait_until};

/// Nobody listens there.
fn absent() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    format!("http://{}", listener.local_addr().expect("its address"))
}

fn exporting_to(endpoint: &str) -> Bookstore {
    let start = Start::unconfigured().env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    // Batches leave often, so that the collector's absence is met while requests are answered.
    start
        .env("OTEL_BSP_SCHEDULE_DELAY", "50")
        .env("OTEL_METRICS_EXPORTER", "none")
        .env("OTEL_LOGS_EXPORTER", "none")
        .ready()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The median time of a request to each of two bookstores, asked in turns, so that the machine's load is the same for both.
fn compare(first: &Bookstore, second: &Bookstore) -> (Duration, Duration) {
    let (mut of_first, mut of_second) = (Vec::new(), Vec::new());
    for turn in 0..240 {
        for (bookstore, times) in [(first, &mut of_first), (second, &mut of_second)] {
            let reply = bookstore.get("/books/?limit=1");
            assert_eq!(reply.status, 200);
            // The first ones warm up.
            if turn >= 40 {
                times.push(reply.took);
            }
        }
    }
    (median(&mut of_first), median(&mut of_second))
}

/// The lines that are no news but trouble.
fn complaints(printed: &str) -> Vec<&str> {
    printed.lines().filter(|line| ["traced: ", "warning", "error"].iter().any(|word| line.contains(word))).collect()
}

#[test]
fn requests_are_as_fast_without_a_collector_there_is_one_warning_and_shutdown_is_quick() {
    let receiver = OtlpReceiver::start();
    let endpoint = absent();
    let (with, mut without) = (exporting_to(&receiver.endpoint()), exporting_to(&endpoint));
    let (usual, alone) = compare(&with, &without);
    assert!(alone <= usual * 3 + Duration::from_millis(3), "{alone:?} without a collector, {usual:?} with one");
    let warned = || Some(without.output()).filter(|printed| !complaints(printed).is_empty());
    let printed = wait_until(Duration::from_secs(15), warned).expect("a warning");
    let exit = without.stop();
    assert_eq!(exit.code, 0, "{}", without.output());
    assert!(exit.after <= Duration::from_secs(5), "{exit:?}");
    let lines = complaints(&printed);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains(&endpoint), "the warning names the endpoint: {}", lines[0]);
    assert!(!without.output().contains("panicked"), "{}", without.output());
}

#[test]
fn a_collector_that_never_answers_delays_neither_requests_nor_the_end() {
    let receiver = OtlpReceiver::start();
    receiver.answer(Answer::AcceptAfter(Duration::from_secs(60)));
    let mut bookstore = exporting_to(&receiver.endpoint());
    let start = Instant::now();
    for _ in 0..50 {
        assert_eq!(bookstore.get("/books/?limit=1").status, 200);
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let exit = bookstore.stop();
    assert_eq!(exit.code, 0, "{}", bookstore.output());
    assert!(exit.after <= Duration::from_secs(5), "{exit:?}");
}

#[test]
fn a_collector_that_refuses_is_warned_about_once() {
    let receiver = OtlpReceiver::start();
    receiver.answer(Answer::Status(401));
    let mut bookstore = exporting_to(&receiver.endpoint());
    for _ in 0..5 {
        assert_eq!(bookstore.get("/books/?limit=1").status, 200);
        let before = receiver.received().len();
        wait_until(Duration::from_secs(5), || (receiver.received().len() > before).then_some(()));
    }
    let printed = wait_until(Duration::from_secs(10), || {
        Some(bookstore.output()).filter(|printed| !complaints(printed).is_empty())
    });
    let printed = printed.expect("a warning");
    assert_eq!(complaints(&printed).len(), 1, "{printed}");
    assert!(complaints(&printed)[0].contains("401"), "{printed}");
    assert_eq!(bookstore.stop().code, 0);
}

#[test]
fn a_collector_that_comes_back_gets_what_is_sent_then() {
    let receiver = OtlpReceiver::start();
    receiver.answer(Answer::Unavailable);
    let bookstore = exporting_to(&receiver.endpoint());
    assert_eq!(bookstore.get("/books/?limit=1").status, 200);
    wait_until(Duration::from_secs(10), || (!receiver.received().is_empty()).then_some(())).expect("an attempt");
    receiver.answer(Answer::Accept);
    let arrived = wait_until(Duration::from_secs(10), || {
        assert_eq!(bookstore.get("/books/?limit=2").status, 200);
        (!receiver.spans().is_empty()).then_some(())
    });
    arrived.expect("spans after the collector is back");
}
