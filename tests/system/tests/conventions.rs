//! What is emitted in a driven session, held against the tables of the semantic conventions.

use serde_json::{Value, json};
use traced_system_tests::conventions::registry::Registry;
use traced_system_tests::conventions::{Checked, VERSION, in_development};
use traced_system_tests::{Bookstore, OtlpReceiver, Postgres, Redis, Start, book};

#[path = "conventions/fixtures.rs"]
mod fixtures;

#[test]
fn the_tables_are_those_of_the_conventions() {
    let differences = Registry::read().differences();
    assert!(differences.is_empty(), "not as in {VERSION}:\n{}", differences.join("\n"));
}

#[test]
fn the_docs_mark_what_is_in_development() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/naming.md")).expect("the page");
    let (_, section) = page.split_once("## Names that may still change").expect("the section");
    assert!(section.contains(VERSION), "the version");
    let missing: Vec<_> = in_development().into_iter().filter(|name| !section.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "not named there: {missing:?}");
}

fn start(
    receiver: &OtlpReceiver,
    database: Option<&str>,
    redis: Option<&str>,
    variables: &[(&str, &str)],
) -> Bookstore {
    let start = Start::unconfigured().on(database, redis).env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint());
    let start =
        start.env("OTEL_METRIC_EXPORT_INTERVAL", "200").env("OTEL_RESOURCE_ATTRIBUTES", "service.namespace=books");
    variables.iter().fold(start, |start, (name, value)| start.env(name, *value)).ready()
}

/// Every kind of request and answer that the service has.
fn drive(bookstore: &Bookstore) {
    let status =
        |reply: traced_system_tests::Reply, expected: u16| assert_eq!(reply.status, expected, "{}", reply.body);
    let token = bookstore.user("reader", "reader@example.com", "Test123!");
    let twice = json!({"username": "reader", "email": "reader@example.com", "password": "Test123!"});
    status(bookstore.json("POST", "/auth/register", "", &twice), 400);
    let book = book("Dune", "978-1234567890");
    status(bookstore.json("POST", "/books/", &token, &book), 201);
    status(bookstore.json("POST", "/books/", &token, &book), 409);
    status(bookstore.json("POST", "/books/", "", &book), 401);
    for _ in 0..2 {
        status(bookstore.get("/books/1"), 200);
    }
    status(bookstore.get("/books/77"), 404);
    status(bookstore.get("/books/?skip=0&limit=5&token=canary"), 200);
    status(bookstore.json("PUT", "/books/1", &token, &json!({"price": 12.5})), 200);
    assert!(bookstore.send("FOO", "/books/1", |request| request).status >= 400);
    status(bookstore.get("/nowhere"), 404);
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    status(bookstore.send("GET", "/books/1", |request| request.header("traceparent", parent)), 200);
    status(bookstore.json("DELETE", "/books/1", &token, &Value::Null), 204);
    status(bookstore.json("DELETE", "/books/1", &token, &Value::Null), 404);
    status(bookstore.get("/health"), 200);
}

fn session(database: Option<&str>, redis: Option<&str>, variables: &[(&str, &str)]) -> Checked {
    let receiver = OtlpReceiver::start();
    let mut bookstore = start(&receiver, database, redis, variables);
    drive(&bookstore);
    assert_eq!(bookstore.stop().code, 0, "{}", bookstore.output());
    Checked::bookstore(&receiver.received())
}

/// What every session of the bookstore emits, whatever it stores its books in.
const ALWAYS: &[&str] = &[
    "server span http.route",
    "server span http.request.method_original",
    "server span url.query",
    "server span correlation.id",
    "function span error.type",
    "function span traced.expected_error",
    "function span user.id",
    "event exception exception.type",
    "metric http.server.request.duration http.route",
    "metric http.server.active_requests",
    "metric http.server.request.body.size",
    "metric http.server.response.body.size",
    "metric db.client.operation.duration db.operation.name",
    "metric otel.sdk.span.started",
    "metric otel.sdk.span.live",
    "metric otel.sdk.processor.span.processed",
    "metric otel.sdk.processor.span.queue.size",
    "metric otel.sdk.exporter.span.exported otel.component.type",
    "metric otel.sdk.exporter.span.inflight",
    "metric otel.sdk.exporter.operation.duration server.address",
    "metric traced.queue.bytes",
];

#[test]
fn the_bookstore_on_its_embedded_store() {
    let checked = session(None, None, &[("OTEL_BSP_MAX_QUEUE_SIZE", "5000")]);
    checked.assert_conforming();
    checked.assert_seen(ALWAYS);
    checked.assert_seen(&["sqlite span db.query.summary", "metric otel.sdk.processor.span.queue.capacity"]);
}

#[test]
fn the_bookstore_on_postgresql_and_redis() {
    let (Some(postgres), Some(redis)) = (Postgres::shared(), Redis::start()) else { return };
    let database = postgres.database();
    let checked = session(Some(database.url()), Some(redis.url()), &[]);
    checked.assert_conforming();
    checked.assert_seen(ALWAYS);
    checked.assert_seen(&[
        "postgresql span db.response.status_code",
        "postgresql span db.response.returned_rows",
        "metric db.client.response.returned_rows",
        "redis span db.query.text",
        "metric db.client.connection.count db.client.connection.state",
        "metric db.client.connection.pending_requests",
        "metric db.client.connection.timeouts",
        "metric db.client.connection.wait_time",
        "metric db.client.connection.create_time",
    ]);
}
