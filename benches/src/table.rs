//! All measurements, as a table.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::chart;
use crate::measure::Found;
use crate::peers::NAMES;

pub(crate) const SCENARIOS: [&str; 5] = ["sampled", "async", "two threads", "unsampled", "not set up"];
const ROUNDS: usize = 3;

type Results = BTreeMap<(String, String), Vec<Found>>;

/// Measures and prints; `only` names peers, all if it is empty.
pub(crate) fn print(only: &[&str]) -> Result<(), String> {
    let peers: Vec<&str> = NAMES.into_iter().filter(|name| only.is_empty() || only.contains(name)).collect();
    let mut sink = Sink::start()?;
    let mut results = Results::new();
    for round in 0..ROUNDS {
        for scenario in SCENARIOS {
            for peer in ["bare"].iter().chain(&peers) {
                eprint!("\rround {} of {ROUNDS}: {scenario}, {peer}                ", round + 1);
                let found = sink.measure(peer, scenario)?;
                results.entry(((*peer).to_owned(), scenario.to_owned())).or_default().push(found);
            }
        }
    }
    eprintln!("\r{:60}", "");
    let table: BTreeMap<_, _> = results.iter().map(|(key, rounds)| (key.clone(), median(rounds))).collect();
    let of = |peer: &str, scenario: &str| {
        let found = table.get(&(peer.to_owned(), scenario.to_owned()))?;
        let bare = table.get(&("bare".to_owned(), scenario.to_owned()))?;
        // Net of the function itself.
        Some(Found {
            caller: (found.caller - bare.caller).max(0.0),
            process: (found.process - bare.process).max(0.0),
            ..*found
        })
    };
    show(&peers, &of);
    if only.is_empty() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/benchmark.svg");
        std::fs::write(path, chart::svg(&peers, &of)).map_err(|error| format!("{path}: {error}"))?;
        println!("\nwritten: docs/benchmark.svg");
    }
    Ok(())
}

fn show(peers: &[&str], of: &dyn Fn(&str, &str) -> Option<Found>) {
    for scenario in SCENARIOS {
        println!("\n### {scenario}\n");
        println!("| | caller CPU ns | process CPU ns | allocations | arrived |");
        println!("|---|---:|---:|---:|---:|");
        for peer in peers {
            let Some(found) = of(peer, scenario) else { continue };
            let records = !matches!(scenario, "unsampled" | "not set up");
            let process = if records { format!("{:.0}", found.process) } else { String::new() };
            let arrived = if records { format!("{:.2}", found.arrived) } else { String::new() };
            println!("| {peer} | {:.1} | {process} | {:.1} | {arrived} |", found.caller, found.allocations);
        }
        let ratio =
            |peer, value: fn(&Found) -> f64| Some(value(&of("traced", scenario)?) / value(&of(peer, scenario)?));
        for peer in peers.iter().filter(|peer| **peer != "traced") {
            if let (Some(caller), Some(process)) = (ratio(peer, |f| f.caller), ratio(peer, |f| f.process)) {
                println!("traced / {peer}: caller {caller:.3}, process {process:.3}  ");
            }
        }
    }
}

/// The median of each number for itself.
fn median(rounds: &[Found]) -> Found {
    let middle = |of: fn(&Found) -> f64| {
        let mut all: Vec<f64> = rounds.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    Found {
        caller: middle(|f| f.caller),
        process: middle(|f| f.process),
        allocations: middle(|f| f.allocations),
        arrived: middle(|f| f.arrived),
    }
}

/// The sink's process; it ends when this is dropped.
struct Sink {
    child: Child,
    endpoint: String,
}

impl Sink {
    fn start() -> Result<Self, String> {
        let mut child = own_program()?
            .arg("sink")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut endpoint = String::new();
        let stdout = child.stdout.take().ok_or("no output")?;
        BufReader::new(stdout).read_line(&mut endpoint).map_err(|error| error.to_string())?;
        Ok(Self { child, endpoint: endpoint.trim().to_owned() })
    }

    fn measure(&mut self, peer: &str, scenario: &str) -> Result<Found, String> {
        let output = own_program()?
            .args(["run", peer, scenario, &self.endpoint])
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout);
        Found::parse(&text).ok_or_else(|| format!("{peer} {scenario}: no result ({})", output.status))
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn own_program() -> Result<Command, String> {
    std::env::current_exe().map(Command::new).map_err(|error| error.to_string())
}
