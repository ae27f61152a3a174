//! What metrics of a function and of a statement cost, and log records:
//! `cargo bench -p traced-benches --features signals --bench signals`, and with `signals,traced/bound-metrics` where instruments
//! are bound.
//!
//! Each is measured in turns with the others; the ratio to a span of the same run is what may be quoted.

use std::hint::black_box;
use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::metrics::InMemoryMetricExporter;
use opentelemetry_sdk::trace::Sampler;
use traced::database::Database;
use traced::logs::Logs;
use traced::{Telemetry, traced};

#[traced(if = false)]
fn off(id: i64) -> i64 {
    black_box(id)
}

#[traced(metrics, if = false)]
fn measured(id: i64) -> i64 {
    black_box(id)
}

#[traced]
fn spanned(id: i64) -> i64 {
    black_box(id)
}

#[traced(metrics)]
fn spanned_and_measured(id: i64) -> i64 {
    black_box(id)
}

/// A statement whose span is not sampled.
fn statement(database: &Database) {
    database.statement("SELECT title FROM books WHERE id = ?").run(|| Ok::<_, std::fmt::Error>(black_box(7))).ok();
}

/// The context of a trace that is not sampled.
fn unsampled() -> Context {
    let (trace, span) = (TraceId::from(1), SpanId::from(1));
    Context::new().with_remote_span_context(SpanContext::new(
        trace,
        span,
        TraceFlags::default(),
        true,
        TraceState::NONE,
    ))
}

/// Nobody: what is written is thrown away.
struct Nowhere(Mutex<usize>);

impl Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        *self.0.get_mut().expect("nobody else has it") += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

const CALLS: u32 = 5_000;
const ROUNDS: usize = 41;

/// The median time of one call of each, taken in turns.
fn medians<const N: usize>(calls: [&dyn Fn(); N]) -> [f64; N] {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..ROUNDS {
        for (call, times) in calls.iter().zip(&mut times) {
            let start = Instant::now();
            (0..CALLS).for_each(|_| call());
            times.push(start.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        let median: Duration = times[ROUNDS / 2];
        median.as_secs_f64() * 1e9 / f64::from(CALLS)
    })
}

fn main() {
    let telemetry = Telemetry::builder()
        .environment(|_| None)
        .sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
        .span_exporter(Discarding)
        .metric_exporter(InMemoryMetricExporter::default())
        .logs(Logs::text().writer(Nowhere(Mutex::new(0))))
        .install()
        .expect("a telemetry");
    let database = Database::new("sqlite").namespace("books.db");
    let unsampled = unsampled();
    let [off, measured, span, both, statement, text] = medians([
        &|| {
            off(7);
        },
        &|| {
            measured(7);
        },
        &|| {
            spanned(7);
        },
        &|| {
            spanned_and_measured(7);
        },
        &|| {
            let _attached = unsampled.clone().attach();
            statement(&database);
        },
        &|| tracing::info!(id = 7, "looked up"),
    ]);
    let mut out = std::io::stdout().lock();
    let mut line = |what: &str, ns: f64| {
        writeln!(out, "{what:<40} {ns:>8.1} ns   {:>5.2} of a span", ns / span).expect("stdout");
    };
    line("neither span nor metrics", off);
    line("metrics alone", measured);
    line("a span", span);
    line("a span and metrics", both);
    line("metrics of a statement, not sampled", statement);
    line("a log record as a line of text", text);
    telemetry.shutdown().expect("everything delivered");
}

/// Takes spans and forgets them.
#[derive(Debug)]
struct Discarding;

impl opentelemetry_sdk::trace::SpanExporter for Discarding {
    async fn export(&self, batch: Vec<opentelemetry_sdk::trace::SpanData>) -> opentelemetry_sdk::error::OTelSdkResult {
        drop(black_box(batch));
        Ok(())
    }
}
