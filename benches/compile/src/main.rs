//! What a thousand annotated functions cost to compile.
//!
//! ```text
//! cargo run --manifest-path benches/compile/Cargo.toml -- [functions] [runs]
//! ```
//!
//! Generates one crate for each of plain, traced, fastrace and tracing with the same functions (half of them async, two
//! attributes, a `Result`), builds what it depends on, then builds the crate itself anew and prints the least user time
//! of the runs and the size of its rlib. Linux only: the times are those that `/proc/self/stat` has of children.

mod functions;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use functions::Peer;

/// What one crate costs.
#[derive(Clone, Copy)]
struct Cost {
    /// User time of a dev and of a release build, in seconds.
    dev: f64,
    release: f64,
    /// Size of the release rlib, in bytes.
    rlib: u64,
}

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1).map(|a| a.parse::<usize>().expect("a number"));
    let functions = arguments.next().unwrap_or(1000);
    let runs = arguments.next().unwrap_or(3);
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let work =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| here.join("target"), PathBuf::from).join("compile-cost");
    let mut costs = Vec::new();
    for peer in Peer::ALL {
        let crate_dir = work.join(peer.name());
        write_crate(&crate_dir, &here, peer, functions)?;
        let (dev, _) = measure(&crate_dir, &work, peer, false, runs)?;
        let (release, rlib) = measure(&crate_dir, &work, peer, true, runs)?;
        eprintln!("{}: dev {dev:.2} s, release {release:.2} s, rlib {rlib} bytes", peer.name());
        costs.push((peer, Cost { dev, release, rlib }));
    }
    print_table(functions, &costs);
    Ok(())
}

fn write_crate(dir: &Path, here: &Path, peer: Peer, functions: usize) -> io::Result<()> {
    fs::create_dir_all(dir.join("src"))?;
    let runtime = here.join("../../runtime").canonicalize()?;
    let manifest = format!(
        "[package]\nname = \"annotated_{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\n{dependency}\n",
        name = peer.name(),
        dependency = peer.dependency(&runtime),
    );
    write_if_new(&dir.join("Cargo.toml"), &manifest)?;
    write_if_new(&dir.join("src/lib.rs"), &functions::source(peer, functions))
}

/// What has not changed need not be built once more before it is measured.
fn write_if_new(path: &Path, content: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|known| known == content) { Ok(()) } else { fs::write(path, content) }
}

/// The least user time of `runs` builds of the crate alone, and the size of its rlib.
fn measure(dir: &Path, work: &Path, peer: Peer, release: bool, runs: usize) -> io::Result<(f64, u64)> {
    let target = work.join("target");
    let build = || -> io::Result<f64> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.arg("build").arg("--quiet").arg("--manifest-path").arg(dir.join("Cargo.toml"));
        cargo.env("CARGO_TARGET_DIR", &target).env("CARGO_INCREMENTAL", "0").stdout(Stdio::null());
        if release {
            cargo.arg("--release");
        }
        let before = children_user_time()?;
        let status = cargo.status()?;
        assert!(status.success(), "the crate for {} does not build", peer.name());
        Ok(children_user_time()? - before)
    };
    // What it depends on is built once, unmeasured.
    build()?;
    let mut least = f64::INFINITY;
    for _ in 0..runs {
        let source = fs::File::options().append(true).open(dir.join("src/lib.rs"))?;
        source.set_modified(std::time::SystemTime::now())?;
        least = least.min(build()?);
    }
    let profile = if release { "release" } else { "debug" };
    let rlib = target.join(profile).join(format!("libannotated_{}.rlib", peer.name()));
    Ok((least, fs::metadata(rlib)?.len()))
}

/// User time of all children that have ended, in seconds.
fn children_user_time() -> io::Result<f64> {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The command's name in parentheses may hold anything; `cutime` is the 16th field, the 14th behind it.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().nth(13).and_then(|ticks| ticks.parse::<f64>().ok());
    ticks.map(|ticks| ticks / TICKS_PER_SECOND).ok_or_else(|| io::Error::other("no user time of children"))
}

fn print_table(functions: usize, costs: &[(Peer, Cost)]) {
    let of = |wanted| costs.iter().find(|(peer, _)| *peer == wanted).map(|(_, cost)| *cost).expect("measured");
    let plain = of(Peer::Plain);
    println!("{functions} functions; growth is what lies above plain\n");
    println!("|      | dev | release | rlib | dev growth | release growth | rlib growth |");
    println!("|------|----:|--------:|-----:|-----------:|---------------:|------------:|");
    let growth = |cost: Cost| Cost {
        dev: cost.dev - plain.dev,
        release: cost.release - plain.release,
        rlib: cost.rlib.saturating_sub(plain.rlib),
    };
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    for (peer, cost) in costs {
        let above = growth(*cost);
        println!(
            "| {} | {:.2} s | {:.2} s | {:.1} MB | {:.2} s | {:.2} s | {:.1} MB |",
            peer.name(),
            cost.dev,
            cost.release,
            megabytes(cost.rlib),
            above.dev,
            above.release,
            megabytes(above.rlib),
        );
    }
    let traced = growth(of(Peer::Traced));
    println!();
    for (peer, goal) in [(Peer::Fastrace, [1.0, 0.5, 0.5]), (Peer::Tracing, [0.3, 0.5, 0.2])] {
        let peers = growth(of(peer));
        let ratios =
            [traced.dev / peers.dev, traced.release / peers.release, megabytes(traced.rlib) / megabytes(peers.rlib)];
        println!(
            "traced to {}: dev {:.2} (goal {}), release {:.2} (goal {}), rlib {:.2} (goal {})",
            peer.name(),
            ratios[0],
            goal[0],
            ratios[1],
            goal[1],
            ratios[2],
            goal[2],
        );
    }
}
