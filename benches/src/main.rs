//! Every way to trace a function, side by side: what it costs its caller, what it costs the process, how much it
//! allocates, and how much of it arrives.
//!
//! ```sh
//! cargo run --release -p traced-benches            # the table, and docs/benchmark.svg
//! cargo run --release -p traced-benches -- traced  # one peer alone
//! ```
//!
//! Each measurement is a process of its own, which exports over real OTLP/HTTP to a sink on the loopback interface, in
//! another process still. CPU time is counted, not wall time, so that a busy machine disturbs it little; rounds of all peers
//! alternate, and the median round counts.
#![allow(clippy::print_stdout)] // The table is what this program is for.

mod alloc;
mod chart;
mod clock;
mod measure;
mod peers;
mod sink;
mod table;
mod work;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["sink"] => sink::serve(),
        ["run", peer, scenario, endpoint] => match measure::run(peer, scenario, endpoint) {
            Ok(line) => println!("{line}"),
            Err(error) => {
                eprintln!("{peer} {scenario}: {error}");
                return ExitCode::FAILURE;
            }
        },
        ref only => match table::print(only) {
            Ok(()) => {}
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        },
    }
    ExitCode::SUCCESS
}
