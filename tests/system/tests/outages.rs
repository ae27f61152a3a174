//! Databases that go away and come back under a running bookstore.

use std::time::Duration;

use serde_json::json;
use traced_system_tests::{Bookstore, OtlpReceiver, Postgres, Redis, Start, book, wait_until};

fn on(database: Option<&str>, redis: Option<&str>, receiver: &OtlpReceiver) -> Bookstore {
    let start = Start::unconfigured().on(database, redis).traces_to(receiver.endpoint());
    start.env("OTEL_BSP_SCHEDULE_DELAY", "100").ready()
}

/// Has several connections open and idle.
fn warm(bookstore: &Bookstore) {
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(bookstore.get("/books/").status, 200));
        }
    });
}

#[test]
fn while_postgresql_is_down_answers_are_503_within_5_s_and_the_first_after_its_restart_succeeds() {
    let Some(mut postgres) = Postgres::start_own() else { return };
    let (database, receiver) = (postgres.database(), OtlpReceiver::start());
    let bookstore = on(Some(database.url()), None, &receiver);
    let token = bookstore.user("reader", "reader@example.com", "Test123!");
    warm(&bookstore);
    assert_eq!(bookstore.get("/ready").status, 200);

    postgres.stop();
    let attempts = [
        ("GET", "/books/", json!(null)),
        ("GET", "/books/1", json!(null)),
        ("POST", "/books/", book("Some book", "978-1234567890")),
        ("POST", "/auth/register", json!({"username": "late", "email": "late@example.com", "password": "Test123!"})),
    ];
    for (method, path, body) in attempts {
        let reply = bookstore.json(method, path, &token, &body);
        assert_eq!(reply.status, 503, "{method} {path}: {}", reply.body);
        assert!(reply.json["detail"].is_string(), "{}", reply.body);
        assert!(reply.took < Duration::from_secs(5), "{method} {path} took {:?}", reply.took);
    }
    assert_eq!(bookstore.get("/health").status, 200);
    let ready = bookstore.get("/ready");
    assert_eq!(ready.status, 503, "{}", ready.body);
    let failed = |spans: &[traced_system_tests::Seen]| {
        spans.iter().any(|span| span.name == "GET /books/" && span.status == "error")
    };
    receiver.wait_for("a failed server span", failed);

    postgres.restart();
    let reply = bookstore.json("POST", "/books/", &token, &book("Some book", "978-1234567890"));
    assert_eq!(reply.status, 201, "the first request after the restart: {}", reply.body);
    assert_eq!(bookstore.get("/ready").status, 200);
}

#[test]
fn a_restart_between_two_requests_goes_unnoticed() {
    let Some(mut postgres) = Postgres::start_own() else { return };
    let (database, receiver) = (postgres.database(), OtlpReceiver::start());
    let bookstore = on(Some(database.url()), None, &receiver);
    let token = bookstore.user("reader", "reader@example.com", "Test123!");
    warm(&bookstore);
    postgres.stop();
    postgres.restart();
    for number in 0..10 {
        let reply = bookstore.json("POST", "/books/", &token, &book("Some book", &format!("{number:010}")));
        assert_eq!(reply.status, 201, "request {number} after the restart: {}", reply.body);
    }
}

#[test]
fn while_redis_is_down_reads_go_to_the_store_and_writes_succeed() {
    let Some(mut redis) = Redis::start_own() else { return };
    let receiver = OtlpReceiver::start();
    let bookstore = on(None, Some(redis.url()), &receiver);
    let token = bookstore.user("reader", "reader@example.com", "Test123!");
    assert_eq!(bookstore.json("POST", "/books/", &token, &book("Some book", "978-1234567890")).status, 201);
    assert_eq!(bookstore.get("/books/1").status, 200);

    redis.stop();
    for (method, path, body, status) in [
        ("GET", "/books/1", json!(null), 200),
        ("POST", "/books/", book("Some book", "978-1234567891"), 201),
        ("PUT", "/books/1", json!({"title": "A new title"}), 200),
        ("GET", "/books/1", json!(null), 200),
        ("DELETE", "/books/2", json!(null), 204),
    ] {
        let reply = bookstore.json(method, path, &token, &body);
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.body);
        assert!(reply.took < Duration::from_secs(5), "{method} {path} took {:?}", reply.took);
    }
    let ready = bookstore.get("/ready");
    assert_eq!(ready.status, 503, "{}", ready.body);

    redis.restart();
    let cached = wait_until(Duration::from_secs(10), || {
        let reply = bookstore.get("/books/1");
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert_eq!(reply.json["title"], "A new title", "no stale value comes back");
        let mut connection = redis.connect();
        let kept: Option<String> = bb8_redis::redis::cmd("GET").arg("book:1").query(&mut connection).ok()?;
        kept.filter(|kept| *kept == reply.body)
    });
    cached.expect("the cache is used again, and holds exactly the answer's body");
    assert_eq!(bookstore.get("/ready").status, 200);
}
