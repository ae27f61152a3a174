//! One measurement: one peer in one scenario, in this process alone.

use std::any::Any;
use std::ops::Sub;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use crate::peers::{Peer, by_name};
use crate::{alloc, clock, sink};

/// How many trees are traced in a burst, at full speed: 110,000 spans.
const TREES: u64 = 10_000;
/// How many bursts are measured. One more comes before, so that threads, memory and caches are as they are in a program
/// that runs.
const BURSTS: u64 = 5;
/// How long a burst has to be exported before the next one, so that nobody's queue runs over because of it.
const PAUSE: Duration = Duration::from_millis(500);
/// How many spans are measured, and how many there are.
const SPANS: u64 = 11 * TREES * BURSTS;
const ALL_SPANS: u64 = 11 * TREES * (BURSTS + 1);
/// How many calls are made where nothing is recorded.
const CALLS: u64 = 1_000_000;

/// What one measurement has found, a span or call.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Found {
    pub(crate) caller: f64,
    pub(crate) process: f64,
    pub(crate) allocations: f64,
    pub(crate) arrived: f64,
}

impl Found {
    /// As a line, for the process that has asked.
    pub(crate) fn line(&self) -> String {
        format!("{} {} {} {}", self.caller, self.process, self.allocations, self.arrived)
    }

    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut numbers = line.split_whitespace().map(|number| number.parse().ok());
        let mut next = || numbers.next().flatten();
        Some(Self { caller: next()?, process: next()?, allocations: next()?, arrived: next()? })
    }
}

/// Measures `peer` in `scenario`.
pub(crate) fn run(name: &str, scenario: &str, endpoint: &str) -> Result<String, String> {
    let peer = by_name(name).ok_or("no such peer")?;
    let found = match scenario {
        "sampled" => recorded(peer, endpoint, |peer| peer.tree(true)),
        "async" => recorded(peer, endpoint, |peer| peer.async_tree()),
        "two threads" => two_threads(name, endpoint),
        "unsampled" => {
            let _telemetry = peer.set_up(endpoint, false);
            calls(peer, true)
        }
        "not set up" => calls(peer, false),
        _ => return Err("no such scenario".to_owned()),
    };
    Ok(found.line())
}

/// `TRACED_BENCH_THREADS=1` has what each thread of ours computed on stderr, set-up included.
fn recorded(peer: &dyn Peer, endpoint: &str, tree: impl Fn(&dyn Peer)) -> Found {
    let telemetry = peer.set_up(endpoint, true);
    burst(TREES, || tree(peer));
    let (process, warm) = (clock::process(), Caller::now());
    (0..BURSTS).for_each(|_| burst(TREES, || tree(peer)));
    let caller = Caller::now() - warm;
    if std::env::var_os("TRACED_BENCH_THREADS").is_some()
        && let Some(telemetry) = telemetry.downcast_ref::<traced::Telemetry>()
    {
        let _ = telemetry.flush();
        for (name, nanoseconds) in clock::threads() {
            eprintln!("{name:16} {:6.1} ns a span since its start", nanoseconds as f64 / ALL_SPANS as f64);
        }
    }
    found(telemetry, endpoint, process, &[caller])
}

/// Half of the trees on each of two threads at once: the cost of a span, of both.
fn two_threads(name: &str, endpoint: &str) -> Found {
    let Some(peer) = by_name(name) else { return Found::default() };
    let telemetry = peer.set_up(endpoint, true);
    let together = Barrier::new(2);
    let work = || {
        let half = || {
            together.wait();
            burst(TREES / 2, || peer.tree(true));
        };
        half();
        let (process, warm) = (clock::process(), Caller::now());
        (0..BURSTS).for_each(|_| half());
        (process, Caller::now() - warm)
    };
    let both = std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.map(|thread| thread.join().expect("no panic"))
    });
    let process = both.iter().map(|(process, _)| *process).min().unwrap_or_default();
    found(telemetry, endpoint, process, &both.map(|(_, caller)| caller))
}

/// Traces `trees`, and lets them be exported.
fn burst(trees: u64, tree: impl Fn()) {
    (0..trees).for_each(|_| tree());
    std::thread::sleep(PAUSE);
}

/// What a thread has computed and allocated.
#[derive(Clone, Copy)]
struct Caller {
    nanoseconds: u64,
    allocations: u64,
}

impl Caller {
    fn now() -> Self {
        Self { nanoseconds: clock::thread(), allocations: alloc::count() }
    }
}

impl Sub for Caller {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self { nanoseconds: self.nanoseconds - before.nanoseconds, allocations: self.allocations - before.allocations }
    }
}

/// What a span has cost `callers`, and the process since its clock stood at `process`: export and shutdown included.
fn found(telemetry: Box<dyn Any>, endpoint: &str, process: u64, callers: &[Caller]) -> Found {
    drop(telemetry);
    let process = clock::process() - process;
    let each = |sum: u64| sum as f64 / SPANS as f64;
    Found {
        caller: each(callers.iter().map(|caller| caller.nanoseconds).sum()),
        process: each(process),
        allocations: each(callers.iter().map(|caller| caller.allocations).sum()),
        arrived: sink::count(endpoint) as f64 / ALL_SPANS as f64,
    }
}

fn calls(peer: &dyn Peer, under_unsampled_root: bool) -> Found {
    peer.children(CALLS / 10, under_unsampled_root);
    let started = Instant::now();
    let (caller, allocations) = (clock::thread(), alloc::count());
    peer.children(CALLS, under_unsampled_root);
    let caller = (clock::thread() - caller) as f64 / CALLS as f64;
    let allocations = (alloc::count() - allocations) as f64 / CALLS as f64;
    debug_assert!(started.elapsed().as_secs() < 60);
    Found { caller, process: caller, allocations, arrived: 0.0 }
}
