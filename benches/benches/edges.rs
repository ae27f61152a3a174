//! What a span costs at the edges, beside the same call without one: a query on PostgreSQL, a command on Redis, a request to warp,
//! each over loopback.
//!
//! ```sh
//! cargo bench -p traced-benches --bench edges            # all of them
//! cargo bench -p traced-benches --bench edges postgres   # one
//! cargo bench -p traced-benches --bench edges together   # servers and clients on one processor
//! ```
//!
//! It starts the servers by itself and leaves out those that are not installed. Rounds of both kinds alternate; the median
//! of the rounds' ratios counts, and the spread is that of the middle half. Spans are exported over OTLP to a sink.
//! Servers run on another processor than their clients, so that waking it takes its time, as it does where they are
//! machines apart; on one processor the times are those of the work alone, and each finds its caches taken.
#![allow(clippy::print_stdout)] // The table is what this program is for.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use traced::postgres::NoTls;
use traced::redis::redis;
use traced::{FutureExt as _, Telemetry};
use traced_system_tests::{Postgres, Redis};
use warp::Filter as _;

const ROUNDS: usize = 101;
const CALLS: u32 = 200;

fn main() {
    let mut only: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let together = only.iter().any(|only| only == "together");
    only.retain(|only| only != "together");
    let wanted = |edge: &str| only.is_empty() || only.iter().any(|only| edge.contains(only.as_str()));
    let telemetry = Telemetry::builder()
        .service_name("edges")
        .environment({
            let endpoint = sink();
            move |name| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| endpoint.clone())
        })
        .install()
        .expect("a telemetry");
    // Servers are started off the runtime: that blocks. They are where this thread is then.
    run_on(usize::from(!together));
    let postgres = wanted("postgres").then(Postgres::start_own).flatten();
    let redis = wanted("redis").then(Redis::start_own).flatten();
    run_on(0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    println!("{:<28} {:>10} {:>10} {:>8}   middle half", "", "without", "with", "ratio");
    if let Some(server) = &postgres {
        runtime.block_on(on_postgres(server.url()));
    }
    if let Some(server) = &redis {
        runtime.block_on(on_redis(server.url()));
    }
    if wanted("warp") {
        runtime.block_on(on_warp());
    }
    telemetry.shutdown().expect("a delivery");
}

/// Keeps this thread, and what it starts, on a processor.
fn run_on(processor: usize) {
    // SAFETY: the set is made of zeroes, which is an empty one, and both calls get it whole.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(processor, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set);
    }
}

/// Answers every export with 200.
fn sink() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    endpoint
}

fn answer(mut stream: std::net::TcpStream) -> Option<()> {
    let mut buffer = vec![0; 1 << 20];
    let mut read = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            let length = stream.read(&mut buffer).ok().filter(|length| *length > 0)?;
            read.extend_from_slice(&buffer[..length]);
        };
        let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
        let length: usize = head.split("content-length:").nth(1)?.split_whitespace().next()?.parse().ok()?;
        let mut left = (end + length).saturating_sub(read.len());
        while left > 0 {
            left = left.saturating_sub(stream.read(&mut buffer).ok().filter(|length| *length > 0)?);
        }
        read.clear();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()?;
    }
}

/// Times rounds of `without` and `with` by turns and prints what comes of them.
async fn compare(edge: &str, without: impl AsyncFn(), with: impl AsyncFn()) {
    let round = async |call: &dyn AsyncCall| {
        let start = Instant::now();
        for _ in 0..CALLS {
            call.call().await;
        }
        start.elapsed()
    };
    let (mut bare, mut spanned, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..ROUNDS + 10 {
        // Neither always goes first. A parent, as calls have it in a program.
        let (a, b) = if n % 2 == 0 {
            let a = round(&Boxed(&without)).await;
            (a, round(&Boxed(&with)).traced("round").await)
        } else {
            let b = round(&Boxed(&with)).traced("round").await;
            (round(&Boxed(&without)).await, b)
        };
        // The first rounds warm up.
        if n >= 10 {
            bare.push(a);
            spanned.push(b);
            ratios.push(b.as_secs_f64() / a.as_secs_f64());
        }
    }
    ratios.sort_by(f64::total_cmp);
    let median = |durations: &mut Vec<Duration>| {
        durations.sort();
        durations[durations.len() / 2].as_secs_f64() * 1e6 / f64::from(CALLS)
    };
    let quarter = ratios.len() / 4;
    println!(
        "{edge:<28} {:>7.2} µs {:>7.2} µs {:>8.3}   {:.3} to {:.3}",
        median(&mut bare),
        median(&mut spanned),
        ratios[ratios.len() / 2],
        ratios[quarter],
        ratios[ratios.len() - 1 - quarter],
    );
}

/// An `AsyncFn` that a reference can be held to.
trait AsyncCall {
    fn call(&self) -> std::pin::Pin<Box<dyn Future<Output = ()> + '_>>;
}

struct Boxed<'a, F>(&'a F);

impl<F: AsyncFn()> AsyncCall for Boxed<'_, F> {
    fn call(&self) -> std::pin::Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin((self.0)())
    }
}

async fn on_postgres(url: &str) {
    const SQL: &str = "SELECT n, 'book ' || n FROM generate_series(1, 100) AS books (n) WHERE n = $1";
    let config: traced::postgres::Config = url.parse().expect("a URL");
    let pool = traced::postgres::bb8::Pool::builder()
        .max_size(1)
        .build(traced::postgres::Manager::new(config, NoTls))
        .await
        .expect("a pool");
    let client = pool.get().await.expect("a connection");
    let prepared = client.prepare(SQL).await.expect("it");
    // The same connection: two of them differ by more than a span costs.
    let (bare, statement) = (client.as_raw(), prepared.statement());
    let without = async || {
        bare.query(statement, &[&7_i32]).await.expect("a row");
    };
    let by_statement = async || {
        client.query(&prepared, &[&7_i32]).await.expect("a row");
    };
    let by_text = async || {
        client.query(SQL, &[&7_i32]).await.expect("a row");
    };
    compare("postgres, prepared", &without, &by_statement).await;
    compare("postgres, by its text", &without, &by_text).await;
    compare("postgres, nothing twice", &without, &without).await;
}

async fn on_redis(url: &str) {
    let client = redis::Client::open(url).expect("a URL");
    let bare = client.get_multiplexed_async_connection().await.expect("a connection");
    let _: () = redis::cmd("SET").arg("book:1").arg("{}").query_async(&mut bare.clone()).await.expect("an answer");
    let pool = traced::redis::bb8::Pool::builder()
        .max_size(1)
        .build(traced::redis::Manager::new(url).expect("a URL"))
        .await
        .expect("a pool");
    let connection = tokio::sync::Mutex::new(pool.get().await.expect("a connection"));
    let plain = tokio::sync::Mutex::new(bare);
    let without = async || {
        let _: String = redis::cmd("GET").arg("book:1").query_async(&mut *plain.lock().await).await.expect("it");
    };
    let with = async || {
        let mut connection = connection.lock().await;
        let _: String = redis::cmd("GET").arg("book:1").query_async(&mut **connection).await.expect("it");
    };
    compare("redis, GET", without, with).await;
}

async fn on_warp() {
    let routes =
        || warp::path!("books" / i64).and(traced::warp::route("/books/{id}")).map(|id: i64| format!("book {id}"));
    let plain = warp::path!("books" / i64).map(|id: i64| format!("book {id}"));
    let bare = tokio::sync::Mutex::new(serve(plain.boxed()).await);
    let spanned = tokio::sync::Mutex::new(serve(traced::warp::trace().wrap(routes()).map(|reply| reply).boxed()).await);
    let without = async || request(&mut *bare.lock().await).await;
    let with = async || request(&mut *spanned.lock().await).await;
    compare("warp, a request", without, with).await;
}

async fn serve<R: warp::Reply + 'static>(routes: warp::filters::BoxedFilter<(R,)>) -> TcpStream {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(warp::serve(routes).incoming(listener).run());
    let connection = TcpStream::connect(address).await.expect("a connection");
    connection.set_nodelay(true).expect("an option");
    connection
}

async fn request(connection: &mut TcpStream) {
    let head = "GET /books/7?limit=3 HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench\r\naccept: */*\r\n\r\n";
    connection.write_all(head.as_bytes()).await.expect("a request");
    let mut answer = [0; 512];
    let mut length = 0;
    while !answer[..length].ends_with(b"book 7") {
        length += connection.read(&mut answer[length..]).await.expect("an answer");
    }
}
