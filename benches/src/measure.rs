//! One measurement: one peer in one scenario, in this process alone.

use std::time::Instant;

use crate::peers::{Peer, by_name};
use crate::{alloc, clock, sink};

/// How many trees are traced: 110,000 spans.
pub(crate) const TREES: u64 = 10_000;
const SPANS: u64 = 11 * TREES;
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
    // Threads, memory and caches as they are in a program that runs.
    let warm = TREES / 10;
    (0..warm).for_each(|_| tree(peer));
    std::thread::sleep(std::time::Duration::from_millis(300));
    let (process, caller, allocations) = (clock::process(), clock::thread(), alloc::count());
    (0..TREES).for_each(|_| tree(peer));
    let caller = clock::thread() - caller;
    let allocations = alloc::count() - allocations;
    if std::env::var_os("TRACED_BENCH_THREADS").is_some()
        && let Some(telemetry) = telemetry.downcast_ref::<traced::Telemetry>()
    {
        let _ = telemetry.flush();
        for (name, nanoseconds) in clock::threads() {
            eprintln!("{name:16} {:6.1} ns a span since its start", nanoseconds as f64 / (11 * (TREES + warm)) as f64);
        }
    }
    // Export and shutdown included.
    drop(telemetry);
    let process = clock::process() - process;
    let spans = SPANS as f64;
    let arrived = sink::count(endpoint) as f64 / (11 * (TREES + warm)) as f64;
    Found {
        caller: caller as f64 / spans,
        process: process as f64 / spans,
        allocations: allocations as f64 / spans,
        arrived,
    }
}

/// Half of the trees on each of two threads at once: the cost of a span, of both.
fn two_threads(name: &str, endpoint: &str) -> Found {
    let Some(peer) = by_name(name) else { return Found::default() };
    let telemetry = peer.set_up(endpoint, true);
    (0..TREES / 10).for_each(|_| peer.tree(true));
    std::thread::sleep(std::time::Duration::from_millis(300));
    let process = clock::process();
    let work = || {
        (0..TREES / 20).for_each(|_| peer.tree(true));
        let (caller, allocations) = (clock::thread(), alloc::count());
        (0..TREES / 2).for_each(|_| peer.tree(true));
        (clock::thread() - caller, alloc::count() - allocations)
    };
    let threads: Vec<_> = (0..2).map(|_| std::thread::spawn(work)).collect();
    let both: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("no panic")).collect();
    drop(telemetry);
    let process = clock::process() - process;
    let spans = SPANS as f64;
    let arrived = sink::count(endpoint) as f64 / (11 * (TREES + 2 * (TREES / 10))) as f64;
    let sum = |of: fn(&(u64, u64)) -> u64| both.iter().map(of).sum::<u64>() as f64 / spans;
    Found { caller: sum(|b| b.0), process: process as f64 / spans, allocations: sum(|b| b.1), arrived }
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
