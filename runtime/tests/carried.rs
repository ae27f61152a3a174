//! Context that goes along with tasks, threads and closures: no span under a wrong parent in ten thousand of each.

use std::sync::mpsc;

use opentelemetry::Value;
use traced::testing::{CapturedSpan, capture_async};
use traced::traced;

const CALLERS: i64 = 10_000;

#[traced(attrs(n = n))]
async fn in_task(n: i64) {
    tokio::task::yield_now().await;
    deeper(n);
}

#[traced(attrs(n = n))]
fn in_blocking_task(n: i64) {
    deeper(n);
}

#[traced(attrs(n = n))]
fn in_closure(n: i64) {
    deeper(n);
}

#[traced(attrs(n = n))]
fn deeper(n: i64) {}

type Job = Box<dyn FnOnce() + Send>;

#[traced(attrs(n = n))]
async fn caller(n: i64, threads: &[mpsc::Sender<Job>]) {
    let (done, closed) = tokio::sync::oneshot::channel();
    let job = traced::carry(move || {
        in_closure(n);
        let _ = done.send(());
    });
    threads[usize::try_from(n).unwrap() % threads.len()].send(Box::new(job)).unwrap();
    let task = traced::spawn(in_task(n));
    let blocking = traced::spawn_blocking(move || in_blocking_task(n));
    // Beside the others, on the caller's own task.
    in_task(n).await;
    let (task, blocking, closed) = tokio::join!(task, blocking, closed);
    task.unwrap();
    blocking.unwrap();
    closed.unwrap();
}

fn number(span: &CapturedSpan) -> i64 {
    match span.attribute("n") {
        Some(Value::I64(n)) => *n,
        other => panic!("{other:?} on {span:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_threads_and_closures_are_under_their_callers() {
    let (threads, handles): (Vec<_>, Vec<_>) = (0..2)
        .map(|_| {
            let (sender, jobs) = mpsc::channel::<Job>();
            (sender, std::thread::spawn(move || jobs.into_iter().for_each(|job| job())))
        })
        .unzip();
    let (_, spans) = capture_async(async {
        // A hundred at once.
        let lanes = (0..100).map(|lane| {
            let threads = threads.clone();
            traced::spawn(async move {
                for n in (lane..CALLERS).step_by(100) {
                    caller(n, &threads).await;
                }
            })
        });
        for lane in lanes.collect::<Vec<_>>() {
            lane.await.unwrap();
        }
    })
    .await;
    drop(threads);
    for handle in handles {
        handle.join().unwrap();
    }
    let by_id: std::collections::HashMap<_, _> = spans.iter().map(|span| (span.span_id(), span)).collect();
    let mut counted = std::collections::BTreeMap::new();
    for span in spans.iter().filter(|span| span.name != "caller") {
        let parent = by_id[&span.parent_span_id];
        assert_eq!(number(span), number(parent), "{span:?} under {parent:?}");
        *counted.entry((parent.name.as_str(), span.name.as_str())).or_insert(0) += 1;
    }
    let expected = [
        (("caller", "in_blocking_task"), CALLERS),
        (("caller", "in_closure"), CALLERS),
        (("caller", "in_task"), 2 * CALLERS),
        (("in_blocking_task", "deeper"), CALLERS),
        (("in_closure", "deeper"), CALLERS),
        (("in_task", "deeper"), 2 * CALLERS),
    ];
    assert_eq!(counted.into_iter().collect::<Vec<_>>(), expected);
}
