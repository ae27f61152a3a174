//! The bookstore at full load: how many requests a second it answers with every request traced and exported, beside one
//! that traces nothing.
//!
//! ```sh
//! cargo bench -p traced-benches --bench bookstore_load            # SQLite, and PostgreSQL with Redis if they are there
//! cargo bench -p traced-benches --bench bookstore_load -- sqlite  # one of the two
//! ```
//!
//! The services run side by side, each with a database of its own, and are loaded in turn for half a second or so at a time, so that
//! what else goes on on the machine meets all of them; and others after them. The generator, the collector and the databases share the machine
//! with the services; processor time a request is of the service alone.
#![allow(clippy::print_stdout)] // The table is what this program is for.

#[path = "../src/sink.rs"]
mod sink;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use traced_system_tests::{Bookstore, Postgres, Redis, Start};

/// What stands beside the service that traces all: no span is recorded; the same, and what runs under a span that is not
/// sampled need not ask either; spans are recorded and go nowhere; neither spans nor metrics.
const SETTINGS: [&str; 4] = [
    "OTEL_TRACES_SAMPLER=always_off",
    "OTEL_TRACES_SAMPLER=parentbased_always_off",
    "OTEL_TRACES_EXPORTER=none",
    "OTEL_SDK_DISABLED=true",
];

/// Requests under way at once.
const CONNECTIONS: usize = 8;
const TURN: Duration = Duration::from_millis(600);
const ROUNDS: usize = 2;
const GENERATIONS: usize = 20;
const BOOKS: usize = 200;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect(); // `cargo bench` adds its own
    let all = ["sqlite", "postgresql"];
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["sink"] => sink::serve(),
        _ if std::env::var_os("BOOKSTORE_BIN").is_none() => return again(&args),
        [] => all.into_iter().for_each(measure),
        ref chosen => chosen.iter().copied().filter(|name| all.contains(name)).for_each(measure),
    }
    ExitCode::SUCCESS
}

/// Builds the bookstore with optimisation, and runs this once more with its path.
fn again(args: &[String]) -> ExitCode {
    let built = Command::new("cargo").args(["build", "--release", "-p", "bookstore"]).status();
    if !built.is_ok_and(|status| status.success()) {
        return ExitCode::FAILURE;
    }
    let this = std::env::current_exe().expect("the path of this program");
    let built = this.parent().and_then(|deps| deps.parent()).expect("the folder of what is built").join("bookstore");
    let run = Command::new(&this).args(args).env("BOOKSTORE_BIN", built).status();
    if run.is_ok_and(|status| status.success()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A service that is loaded.
struct Loaded {
    bookstore: Bookstore,
    address: String,
    token: String,
    pid: u32,
    rates: Vec<f64>,
    costs: Vec<f64>,
    _database: Option<traced_system_tests::Database>,
}

fn measure(backend: &str) {
    let services = (backend == "postgresql").then(|| (Postgres::start_own(), Redis::start_own()));
    let services = match &services {
        Some((Some(postgres), Some(redis))) => Some((postgres, redis)),
        Some(_) => return,
        None => None,
    };
    let generations: Vec<Generation> = (0..GENERATIONS).map(|_| Generation::measure(services)).collect();
    let of = |value: fn(&Generation, usize) -> f64, kind: usize| -> Vec<f64> {
        generations.iter().map(|generation| value(generation, kind)).collect()
    };
    println!(
        "\n### {backend}, {CONNECTIONS} connections, {ROUNDS} rounds of {} s, {GENERATIONS} times anew\n",
        TURN.as_secs_f64()
    );
    println!(
        "| | requests/s | of these with tracing | CPU us a request | of this with tracing |\n|---|---:|---:|---:|---:|"
    );
    let (rates, costs) = (of(|g, kind| g.rates[kind], 0), of(|g, kind| g.costs[kind], 0));
    println!("| every request traced | {:.0} | | {:.1} | |", median(&rates), median(&costs));
    for (number, setting) in SETTINGS.into_iter().enumerate() {
        let kind = number + 1;
        println!(
            "| {setting} | {:.0} | {} | {:.1} | {} |",
            median(&of(|g, kind| g.rates[kind], kind)),
            mean(&of(|g, kind| g.rates[0] / g.rates[kind], kind)),
            median(&of(|g, kind| g.costs[kind], kind)),
            mean(&of(|g, kind| g.costs[0] / g.costs[kind], kind)),
        );
    }
    let total = |value: fn(&Generation) -> f64| generations.iter().map(value).sum::<f64>();
    let requests = total(|g| g.requests as f64);
    let spans = total(|g| g.spans as f64);
    println!("\n{spans} spans arrived of {requests} requests: {:.1} each", spans / requests);
    println!(
        "of the {:.1} us the collector's thread takes {:.2}; the collector that counts takes another {:.2}",
        median(&costs),
        total(|g| g.collector) * 1e6 / requests,
        total(|g| g.counting) * 1e6 / requests,
    );
}

/// What services that were started together have done: the one that traces all, and one for each of the settings. One process
/// differs from the next of the same kind by some percent as long as they live, as memory comes to lie; others are started
/// after them.
struct Generation {
    /// Requests a second.
    rates: Vec<f64>,
    /// Microseconds of the processor a request.
    costs: Vec<f64>,
    /// Of the one that traces all, like what follows.
    requests: u64,
    spans: u64,
    /// Seconds of the processor that its collector's thread took, and the collector that counts.
    collector: f64,
    counting: f64,
}

impl Generation {
    fn measure(services: Option<(&Postgres, &Redis)>) -> Self {
        let sink = Sink::start();
        let traced = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", sink.url.as_str())];
        let mut loaded = vec![start(&traced, services)];
        for setting in SETTINGS {
            let (name, value) = setting.split_once('=').expect("a variable and its value");
            loaded.push(start(&[traced[0], (name, value)], services));
        }
        sink::count(&sink.url);
        let mut requests = 0;
        let kinds = loaded.len();
        for round in 0..=ROUNDS {
            // In another order each time: none is always the first, or behind the same one.
            for turn in 0..kinds {
                let place = (round + turn) % kinds;
                let kind = if round % 2 == 0 { place } else { kinds - 1 - place };
                let one = &mut loaded[kind];
                let cpu = cpu_seconds(one.pid);
                let (count, elapsed) = load(one);
                let cpu = cpu_seconds(one.pid) - cpu;
                // The first round is for caches and connections.
                if round > 0 {
                    one.rates.push(count as f64 / elapsed);
                    one.costs.push(cpu * 1e6 / count as f64);
                }
                requests += if kind == 0 { count } else { 0 };
            }
        }
        let collector = thread_cpu_seconds(loaded[0].pid, |name| name.starts_with("traced-collect"));
        loaded[0].bookstore.stop();
        let spans = sink::count(&sink.url);
        let counting = cpu_seconds(sink.process.id());
        let rates = loaded.iter().map(|one| median(&one.rates)).collect();
        let costs = loaded.iter().map(|one| median(&one.costs)).collect();
        Self { rates, costs, requests, spans, collector, counting }
    }
}

/// The mean, and its standard error.
fn mean(values: &[f64]) -> String {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    format!("{mean:.3} ± {:.3}", (variance / count).sqrt())
}

fn start(variables: &[(&str, &str)], services: Option<(&Postgres, &Redis)>) -> Loaded {
    let mut start = Start::unconfigured()
        .env("SECRET_KEY", "a-secret-key-for-benches-of-at-least-32-bytes")
        .env("ACCESS_TOKEN_EXPIRE_MINUTES", "60")
        .env("OTEL_METRICS_EXPORTER", "none")
        .env("OTEL_LOGS_EXPORTER", "none");
    for (name, value) in variables {
        start = start.env(name, *value);
    }
    let database = services.map(|(postgres, redis)| (postgres.database(), redis));
    if let Some((database, redis)) = &database {
        start = start.env("DATABASE_URL", database.url()).env("REDIS_URL", redis.url());
    }
    let mut bookstore = start.ready();
    let token = bookstore.user("reader", "reader@example.com", "Test123!");
    for number in 1..=BOOKS {
        let book = serde_json::json!({
            "title": format!("A book of many pages, volume {number}"), "author": "John Doe",
            "isbn": format!("978-{number:010}"), "year": 2025, "price": 10,
        });
        let reply = bookstore.json("POST", "/books/", &token, &book);
        assert_eq!(reply.status, 201, "{}", reply.body);
    }
    let address = bookstore.url("").trim_start_matches("http://").to_owned();
    let pid = listener(&address).expect("the process that listens");
    let _ = bookstore.process();
    let _database = database.map(|(database, _)| database);
    Loaded { bookstore, address, token, pid, rates: Vec::new(), costs: Vec::new(), _database }
}

/// Loads it for one turn. Gives how many requests were answered, and in how many seconds.
fn load(one: &Loaded) -> (u64, f64) {
    let over = AtomicBool::new(false);
    let started = Instant::now();
    let count = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|client| {
                scope.spawn({
                    let over = &over;
                    move || request_until(one, client, over)
                })
            })
            .collect();
        std::thread::sleep(TURN);
        over.store(true, Ordering::Relaxed);
        clients.into_iter().map(|client| client.join().expect("no panic")).sum()
    });
    (count, started.elapsed().as_secs_f64())
}

/// Of ten requests six ask for a book, two for a list, one changes a price, one asks for a book that is not there.
fn request_until(one: &Loaded, client: usize, over: &AtomicBool) -> u64 {
    let stream = TcpStream::connect(&one.address).expect("the bookstore");
    stream.set_nodelay(true).expect("a socket");
    let mut answers = BufReader::new(stream.try_clone().expect("a socket"));
    let mut stream = stream;
    let host = &one.address;
    let mut count = 0;
    let mut line = String::new();
    let mut body = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let number = count as usize * CONNECTIONS + client;
        let id = 1 + number * 7 % BOOKS;
        let (head, content, expected) = match count % 10 {
            3 | 7 => (format!("GET /books/?skip={}&limit=10", id / 2), String::new(), " 200 "),
            5 => (format!("PUT /books/{id}"), format!("{{\"price\":{}.5}}", 1 + number % 90), " 200 "),
            9 => ("GET /books/999999".to_owned(), String::new(), " 404 "),
            _ => (format!("GET /books/{id}"), String::new(), " 200 "),
        };
        let request = format!(
            "{head} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: \
             {}\r\n\r\n{content}",
            one.token,
            content.len()
        );
        stream.write_all(request.as_bytes()).expect("the bookstore takes requests");
        line.clear();
        answers.read_line(&mut line).expect("an answer");
        assert!(line.contains(expected), "{head}: {line}");
        let mut length = 0;
        loop {
            line.clear();
            answers.read_line(&mut line).expect("a header");
            let header = line.trim_end();
            if header.is_empty() {
                break;
            }
            if let Some((name, value)) = header.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().expect("a length");
            }
        }
        body.resize(length, 0);
        answers.read_exact(&mut body).expect("a body");
        count += 1;
    }
    count
}

/// The process that listens at `address`, by the inode of its socket.
fn listener(address: &str) -> Option<u32> {
    let port: u16 = address.rsplit(':').next()?.parse().ok()?;
    let wanted = format!(":{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp").ok()?;
    let inode = table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let listens = fields.get(1)?.ends_with(&wanted) && *fields.get(3)? == "0A";
        listens.then(|| format!("socket:[{}]", fields[9]))
    })?;
    std::fs::read_dir("/proc").ok()?.flatten().find_map(|process| {
        let pid = process.file_name().to_str()?.parse().ok()?;
        let mut files = std::fs::read_dir(process.path().join("fd")).ok()?.flatten();
        let holds = |file: std::fs::DirEntry| {
            std::fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == inode.as_str())
        };
        files.any(holds).then_some(pid)
    })
}

/// What all threads of a process have computed, to the nanosecond.
fn cpu_seconds(pid: u32) -> f64 {
    thread_cpu_seconds(pid, |_| true)
}

/// What the threads of these names have computed.
fn thread_cpu_seconds(pid: u32, which: impl Fn(&str) -> bool) -> f64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let time = |task: std::fs::DirEntry| -> Option<f64> {
        let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
        if !which(&name) {
            return None;
        }
        std::fs::read_to_string(task.path().join("schedstat")).ok()?.split_whitespace().next()?.parse().ok()
    };
    tasks.filter_map(time).sum::<f64>() / 1e9
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A collector in a process of its own, which ends with this one.
struct Sink {
    process: Child,
    url: String,
}

impl Sink {
    fn start() -> Self {
        let this = std::env::current_exe().expect("the path of this program");
        let mut process =
            Command::new(this).arg("sink").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a process");
        let mut url = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut url).expect("its address");
        Self { process, url: url.trim().to_owned() }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
