//! The services that the other tests stand on: they start, hold data, stop, come back and leave nothing behind.

use std::io::Write;
use std::time::Duration;

use bb8_redis::redis::cmd;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use traced_system_tests::{Answer, Collector, OtlpReceiver, Postgres, Redis, client};

#[test]
fn databases_are_separate_and_gone_with_their_handle() {
    let Some(postgres) = Postgres::shared() else { return };
    let (first, second) = (postgres.database(), postgres.database());
    first.execute("CREATE TABLE t (n int)");
    first.execute("INSERT INTO t VALUES (7)");
    assert_eq!(first.query("SELECT n FROM t"), ["7"]);
    assert!(second.query("SELECT relname FROM pg_class WHERE relname = 't'").is_empty());
    let name = first.url().rsplit('/').next().expect("a name").to_owned();
    drop(first);
    assert!(second.query(&format!("SELECT datname FROM pg_database WHERE datname = '{name}'")).is_empty());
}

#[test]
fn a_postgres_that_restarts_keeps_its_data_and_its_port() {
    let Some(mut postgres) = Postgres::start_own() else { return };
    let url = postgres.url().to_owned();
    let database = postgres.database();
    database.execute("CREATE TABLE t (n int)");
    postgres.stop();
    postgres.restart();
    assert_eq!(postgres.url(), url);
    assert_eq!(database.execute("INSERT INTO t VALUES (1)"), 1);
}

#[test]
fn a_redis_that_restarts_answers_again() {
    let Some(mut redis) = Redis::start_own() else { return };
    cmd("SET").arg("book:1").arg("{}").exec(&mut redis.connect()).expect("SET");
    redis.stop();
    redis.restart();
    let size: i64 = cmd("DBSIZE").query(&mut redis.connect()).expect("DBSIZE");
    assert_eq!(size, 0, "it keeps nothing on disk");
}

fn request(name: &str) -> Vec<u8> {
    let span = Span {
        name: name.into(),
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        end_time_unix_nano: 1,
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans { spans: vec![span], ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

fn post(endpoint: &str, body: Vec<u8>, gzip: bool) -> u16 {
    let mut request = client().post(format!("{endpoint}/v1/traces")).header("content-type", "application/x-protobuf");
    if gzip {
        request = request.header("content-encoding", "gzip");
    }
    request.body(body).send().expect("an answer").status().as_u16()
}

#[test]
fn the_receiver_decodes_plain_and_compressed_bodies_and_finds_words_in_them() {
    let receiver = OtlpReceiver::start();
    assert_eq!(post(&receiver.endpoint(), request("plain"), false), 200);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&request("compressed")).expect("memory");
    assert_eq!(post(&receiver.endpoint(), gzip.finish().expect("memory"), true), 200);
    assert_eq!(post(&receiver.endpoint(), b"no protobuf".to_vec(), false), 400);
    let names: Vec<String> = receiver.spans().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["plain", "compressed"]);
    assert_eq!(receiver.spans()[0].span_id, "0202020202020202");
    let found = receiver.found(&["compressed", "absent", "plain"]);
    assert!(
        found.len() == 2 && found[0].starts_with("compressed, in") && found[1].starts_with("plain, in"),
        "{found:?}"
    );
}

#[test]
fn the_receiver_refuses_and_delays_as_it_is_told() {
    let receiver = OtlpReceiver::start();
    receiver.answer(Answer::Unavailable);
    assert_eq!(post(&receiver.endpoint(), request("refused"), false), 503);
    receiver.answer(Answer::AcceptAfter(Duration::from_millis(200)));
    let start = std::time::Instant::now();
    assert_eq!(post(&receiver.endpoint(), request("late"), false), 200);
    assert!(start.elapsed() >= Duration::from_millis(200));
    assert_eq!(receiver.spans().len(), 1, "a refused span is not accepted");
    assert_eq!(receiver.received().len(), 2);
}

#[test]
fn the_collector_prints_what_it_received() {
    let Some(collector) = Collector::start() else { return };
    assert_eq!(post(&collector.endpoint(), request("POST /books/"), false), 200);
    let spans = collector.wait_for("one span", |spans| !spans.is_empty());
    assert_eq!(spans.len(), 1);
    assert_eq!((spans[0].name.as_str(), spans[0].trace_id.as_str()), ("POST /books/", "01".repeat(16).as_str()));
}
