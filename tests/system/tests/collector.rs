//! What a real collector receives of a driven session: every span once, each under its parent.

use std::collections::{BTreeMap, HashSet};
use std::sync::Barrier;
use std::thread;

use serde_json::json;
use traced_system_tests::{Bookstore, Collector, Postgres, Redis, Seen, Start, Trace, book, client, traces};

/// No span is there twice, every parent that is not the caller's own is there, and ends no earlier than it was needed.
#[track_caller]
fn whole(spans: &[Seen], foreign: &HashSet<String>) {
    let mut ids = HashSet::new();
    for span in spans {
        assert!(ids.insert((&span.trace_id, &span.span_id)), "{} arrived twice", span.name);
    }
    for span in spans.iter().filter(|span| !span.parent_id.is_empty() && !foreign.contains(&span.parent_id)) {
        let parent = spans.iter().find(|other| (&other.trace_id, &other.span_id) == (&span.trace_id, &span.parent_id));
        let parent = parent.unwrap_or_else(|| panic!("the parent of {} did not arrive", span.name));
        assert!(parent.start <= span.start, "{} began before {}", span.name, parent.name);
    }
}

/// The tree of a request without the spans of these names.
fn outline_without(trace: &Trace, left_out: &[&str]) -> String {
    let spans = trace.0.iter().filter(|span| !left_out.contains(&span.name.as_str())).cloned();
    traces(spans).iter().map(Trace::outline).collect()
}

/// How long a connection of the pool lets itself be waited for depends on the machine: that is no part of the tree.
const WAITING: &str = "wait for connection";

#[track_caller]
fn outlines(traces: &[Trace], expected: &[&str]) {
    let seen: Vec<String> = traces.iter().map(|trace| outline_without(trace, &[WAITING])).collect();
    assert_eq!(seen, expected, "\n{}", seen.join("\n"));
}

/// One request of each kind; the outlines of their traces, in order.
fn drive(bookstore: &Bookstore) {
    let token = bookstore.user("reader", "reader@example.com", "Test123!");
    assert_eq!(
        bookstore.json("POST", "/books/", &token, &book("OpenTelemetry in Action", "978-1234567890")).status,
        201
    );
    assert_eq!(bookstore.get("/books/1").status, 200);
    assert_eq!(bookstore.get("/books/1").status, 200);
    assert_eq!(bookstore.get("/books/?limit=5").status, 200);
    assert_eq!(bookstore.json("PUT", "/books/1", &token, &json!({"price": 12.5})).status, 200);
    assert_eq!(bookstore.json("DELETE", "/books/1", &token, &json!(null)).status, 204);
    assert_eq!(bookstore.get("/health").status, 200);
}

#[test]
fn every_span_of_a_session_on_postgresql_and_redis_arrives_once_under_its_parent() {
    let (Some(postgres), Some(redis), Some(collector)) = (Postgres::shared(), Redis::start(), Collector::start())
    else {
        return;
    };
    let database = postgres.database();
    let mut bookstore =
        Start::unconfigured().on(Some(database.url()), Some(redis.url())).traces_to(collector.endpoint()).ready();
    drive(&bookstore);
    // Ending flushes: from here on nothing more can arrive.
    assert_eq!(bookstore.stop().code, 0, "{}", bookstore.output());
    let spans = collector
        .wait_for("the last request's server span", |spans| spans.iter().any(|span| span.name == "DELETE /books/{id}"));
    whole(&spans, &HashSet::new());
    let traces = traces(spans);
    outlines(
        &traces,
        &[
            "POST /auth/register\n  register\n    hash_password\n    INSERT users\n",
            "POST /auth/login\n  login\n    SELECT users\n    verify_password\n    create_access_token\n",
            "POST /books/\n  authenticate_user\n    SELECT users\n  validate_book_data\n  create_book\n    INSERT books\n  \
            cache_invalidation\n    DEL\n",
            "GET /books/{id}\n  get_book\n    GET\n    SET\n    SELECT books\n    EVAL\n",
            "GET /books/{id}\n  get_book\n    GET\n",
            "GET /books/\n  get_books\n    SELECT books\n",
            "PUT /books/{id}\n  authenticate_user\n    SELECT users\n  update_book\n    SELECT books\n    \
            verify_book_ownership\n    UPDATE books\n  cache_invalidation\n    DEL\n",
            "DELETE /books/{id}\n  authenticate_user\n    SELECT users\n  delete_book\n    fetch_book_for_deletion\n      \
            SELECT books\n    verify_book_ownership\n    execute_delete\n      DELETE books\n  cache_invalidation\n    DEL\n",
        ],
    );
    let created = &traces[2];
    let kinds: Vec<&str> = ["POST /books/", "create_book", "INSERT books", "DEL"]
        .into_iter()
        .map(|name| created.named(name).kind.as_str())
        .collect();
    assert_eq!(kinds, ["server", "internal", "client", "client"]);
    let server = created.root();
    assert_eq!(server.attribute("http.route"), Some("/books/"));
    assert_eq!(server.attribute("http.response.status_code"), Some("201"));
    let insert = created.named("INSERT books");
    assert_eq!(insert.attribute("db.system.name"), Some("postgresql"));
    assert_eq!(created.named("DEL").attribute("db.system.name"), Some("redis"));
    assert_eq!(created.named("create_book").attribute("book.title"), Some("OpenTelemetry in Action"));
    assert_eq!(created.named("create_book").status, "ok");
    assert_eq!(server.resource.get("service.name").map(String::as_str), Some("bookstore-api"));
}

#[test]
fn every_span_of_a_session_arrives_over_grpc_too_compressed_and_not() {
    for compression in ["none", "gzip"] {
        let Some(collector) = Collector::start() else { return };
        let mut bookstore = Start::unconfigured()
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.grpc_endpoint())
            .env("OTEL_EXPORTER_OTLP_COMPRESSION", compression)
            .env("OTEL_METRICS_EXPORTER", "none")
            .env("OTEL_LOGS_EXPORTER", "none")
            .ready();
        assert!(bookstore.output().contains("(OTLP over gRPC)"), "{}", bookstore.output());
        drive(&bookstore);
        assert_eq!(bookstore.stop().code, 0, "{}", bookstore.output());
        let spans = collector.wait_for("the last request's server span", |spans| {
            spans.iter().any(|span| span.name == "DELETE /books/{id}")
        });
        whole(&spans, &HashSet::new());
        assert_eq!(traces(spans).len(), 8);
        assert!(!bookstore.output().contains("warning"), "{}", bookstore.output());
    }
}

/// The header of a caller that has a trace of its own: ids that tell the request's number.
fn caller(number: usize) -> (String, String, String) {
    let (trace, span) = (format!("{:032x}", number + 0x1000), format!("{:016x}", number + 0x1000));
    let header = format!("00-{trace}-{span}-01");
    (trace, span, header)
}

/// Sends one request as the `number`th caller: a list, a book that is cached, one that is missing, or a new one.
fn send(bookstore: &Bookstore, http: &reqwest::blocking::Client, token: &str, number: usize) -> u16 {
    let (_, _, traceparent) = caller(number);
    let request = match number % 4 {
        0 => http.get(bookstore.url(&format!("/books/?skip={number}&limit=10"))),
        1 => http.get(bookstore.url("/books/1")),
        2 => http.get(bookstore.url(&format!("/books/{}", 1_000_000 + number))),
        _ => {
            let body = book(&format!("Book {number}"), &format!("{:010}", number)).to_string();
            let request = http.post(bookstore.url("/books/")).header("content-type", "application/json").body(body);
            request.header("authorization", format!("Bearer {token}"))
        }
    };
    let request = request.header("traceparent", traceparent).header("x-correlation-id", format!("request-{number}"));
    request.send().expect("an answer").status().as_u16()
}

#[test]
fn of_300_concurrent_requests_no_span_is_under_a_wrong_parent() {
    const REQUESTS: usize = 300;
    let (Some(postgres), Some(redis), Some(collector)) = (Postgres::shared(), Redis::start(), Collector::start())
    else {
        return;
    };
    let database = postgres.database();
    let mut bookstore = Start::unconfigured()
        .on(Some(database.url()), Some(redis.url()))
        .traces_to(collector.endpoint())
        .env("OTEL_BSP_MAX_QUEUE_SIZE", "20000")
        .ready();
    let token = bookstore.user("reader", "reader@example.com", "Test123!");
    assert_eq!(bookstore.json("POST", "/books/", &token, &book("The first", "978-1234567890")).status, 201);
    assert_eq!(bookstore.get("/books/1").status, 200);
    let (http, barrier) = (client(), Barrier::new(REQUESTS));
    let statuses: Vec<u16> = thread::scope(|scope| {
        let request = |number| {
            let (bookstore, http, token, barrier) = (&bookstore, http.clone(), &token, &barrier);
            scope.spawn(move || {
                barrier.wait();
                send(bookstore, &http, token, number)
            })
        };
        let requests: Vec<_> = (0..REQUESTS).map(request).collect();
        requests.into_iter().map(|request| request.join().expect("an answer")).collect()
    });
    // On a machine that is busy with other things the bookstore sheds load. Those traces must be whole too.
    let answered = |number: usize| statuses[number] == [200, 200, 404, 201][number % 4];
    assert!((0..REQUESTS).all(|number| answered(number) || statuses[number] == 503), "{statuses:?}");
    assert!((0..REQUESTS).filter(|number| answered(*number)).count() > REQUESTS / 2, "{statuses:?}");
    assert_eq!(bookstore.stop().code, 0, "{}", bookstore.output());
    let servers = |spans: &[Seen]| spans.iter().filter(|span| span.kind == "server").count();
    let spans = collector.wait_for("304 server spans", |spans| servers(spans) >= REQUESTS + 4);
    let foreign: HashSet<String> = (0..REQUESTS).map(|number| caller(number).1).collect();
    whole(&spans, &foreign);
    let traces: BTreeMap<String, Trace> =
        traces(spans).into_iter().map(|trace| (trace.0[0].trace_id.clone(), trace)).collect();
    for number in 0..REQUESTS {
        let (trace, parent, _) = caller(number);
        let trace = traces.get(&trace).unwrap_or_else(|| panic!("no trace of request {number}"));
        let server = trace.root();
        assert_eq!(server.parent_id, parent, "request {number} continues its caller's trace");
        assert_eq!(server.attribute("correlation.id"), Some(format!("request-{number}").as_str()));
        if !answered(number) {
            assert_eq!(server.status, "error", "request {number}");
            continue;
        }
        // Under this load the bookstore may go on without its cache: its commands are looked at by themselves.
        for command in trace.0.iter().filter(|span| span.attribute("db.system.name") == Some("redis")) {
            let parent = trace.0.iter().find(|span| span.span_id == command.parent_id).map(|span| span.name.as_str());
            let expected = if command.name == "DEL" { "cache_invalidation" } else { "get_book" };
            assert!(
                parent == Some(expected) || command.name == WAITING,
                "request {number}: {} under {parent:?}",
                command.name
            );
        }
        let seen = outline_without(trace, &[WAITING, "GET", "SET", "EVAL", "DEL"]);
        let expected: &[&str] = match number % 4 {
            0 => &["GET /books/\n  get_books\n    SELECT books\n"],
            1 => &["GET /books/{id}\n  get_book\n", "GET /books/{id}\n  get_book\n    SELECT books\n"],
            2 => &["GET /books/{id}\n  get_book\n    SELECT books\n"],
            _ => &["POST /books/\n  authenticate_user\n    SELECT users\n  validate_book_data\n  create_book\n    \
                    INSERT books\n  cache_invalidation\n"],
        };
        assert!(expected.contains(&seen.as_str()), "request {number}:\n{}", trace.outline());
        // The right shape, and with what this request alone has.
        match number % 4 {
            0 => assert_eq!(trace.named("get_books").attribute("query.skip"), Some(number.to_string().as_str())),
            1 => assert_eq!(trace.named("get_book").attribute("book.id"), Some("1")),
            2 => assert_eq!(
                trace.named("get_book").attribute("book.id"),
                Some((1_000_000 + number).to_string().as_str())
            ),
            _ => {
                assert_eq!(trace.named("create_book").attribute("book.title"), Some(format!("Book {number}").as_str()))
            }
        }
    }
}
