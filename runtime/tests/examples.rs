//! The example programs of metrics and log records, run as their pages say.
//!
//! Each runs in a process of its own, which is this test once more with the example's name in a variable: so its environment is
//! its own, and it is built with the tests.

mod support;

#[path = "../examples/logs.rs"]
#[allow(dead_code, unreachable_pub)]
mod logs;
#[path = "../examples/metrics.rs"]
#[allow(dead_code, unreachable_pub)]
mod metrics;

use std::process::Command;

use support::{Answer, Collector};

const EXAMPLE: &str = "TRACED_EXAMPLE";

/// The example that the variable names, if any; it is no test by itself.
#[test]
fn example() {
    match std::env::var(EXAMPLE).as_deref() {
        Ok("logs") => logs::main().unwrap(),
        Ok("metrics") => metrics::main().unwrap(),
        _ => {}
    }
}

/// What the example writes to stdout and stderr.
fn run(name: &str, variables: &[(&str, &str)]) -> (String, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["example", "--exact", "--nocapture"]).env_clear().env(EXAMPLE, name);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{out}\n{err}");
    (out, err)
}

#[test]
fn metrics_are_what_prometheus_reads_and_lines_on_the_terminal() {
    let variables = [("OTEL_METRICS_EXPORTER", "console"), ("OTEL_TRACES_EXPORTER", "none")];
    let (out, err) = run("metrics", &variables);
    let count = |name: &str, labels: &[&str]| {
        let of = |line: &&str| line.starts_with(name) && labels.iter().all(|label| line.contains(label));
        out.lines().find(of).and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
    };
    let reserve = "code_function_name=\"examples::metrics::reserve\"";
    let calls = "traced_function_duration_seconds_count{";
    assert_eq!(count(calls, &[reserve, "error_type=\"out_of_stock\""]), Some(2), "{out}");
    assert_eq!(count("book_lookup_duration_seconds_count{", &["cache_hit=\"true\""]), Some(2), "{out}");
    assert_eq!(count("books_sold_total{", &["shop=\"online\""]), Some(6), "{out}");
    assert!(out.contains("# TYPE traced_function_duration_seconds histogram"), "{out}");
    assert!(err.contains("books.sold{shop=online} 6 {book}"), "{err}");
    assert!(err.lines().any(|line| line.starts_with("book.lookup.duration{") && line.contains("count=")), "{err}");
}

#[test]
fn records_are_lines_with_ids_and_arrive_by_otlp() {
    let (_, err) = run("logs", &[("RUST_LOG", "off,examples=debug"), ("OTEL_TRACES_EXPORTER", "none")]);
    let lines = |part: &str| err.lines().filter(|line| line.contains(part)).collect::<Vec<_>>();
    assert!(lines("outside").iter().all(|line| !line.contains("trace_id=")) && lines("outside").len() == 1, "{err}");
    for (part, count) in [("reserving", 2), ("only 3 copies", 1), ("left=1", 1)] {
        assert_eq!(lines(part).len(), count, "{err}");
        assert!(lines(part).iter().all(|line| line.contains(" trace_id=") && line.contains(" span_id=")), "{err}");
    }
    let collector = Collector::start(Answer::Ok);
    let base = collector.base();
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", base.as_str()),
        ("LOG_FORMAT", "json"),
        ("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN", "logs"),
    ];
    let (_, err) = run("logs", &variables);
    let exception = err.lines().find(|line| line.contains("\"target\":\"exception\"")).unwrap();
    assert!(exception.starts_with('{') && exception.contains("\"body\":\"3 copies are left\""), "{exception}");
    assert!(collector.others().iter().any(|(path, _)| path == "/v1/logs"));
    assert!(collector.spans().iter().all(|(_, span)| span.events.is_empty()));
}
