//! No password, hash, token or e-mail address leaves the bookstore in what it exports or prints.

use std::time::Duration;

use serde_json::json;
use traced_system_tests::{Bookstore, OtlpReceiver, Postgres, Redis, Reply, Start, wait_until};

const PASSWORD: &str = "canary-Passw0rd!";
const WRONG_PASSWORD: &str = "canary-Wr0ng!";
const NEW_PASSWORD: &str = "canary-N3w-one!";
const EMAIL: &str = "canary.one@example.com";
const OTHER_EMAIL: &str = "canary.two@example.com";
const NEW_EMAIL: &str = "canary.three@example.com";
const FULL_NAME: &str = "Canary Bird";
const SECRET_KEY: &str = "canary-secret-key-of-at-least-32-bytes";

/// The answer to a request, once the database is there for it: on a busy machine a statement may take too long, and then
/// has no effect.
fn answered(request: impl Fn() -> Reply) -> Reply {
    let there = || Some(request()).filter(|reply| reply.status != 503);
    wait_until(Duration::from_secs(120), there).expect("the database answers")
}

/// Does everything that a secret goes into, also what fails. Gives the tokens that were handed out.
fn drive(bookstore: &Bookstore) -> Vec<String> {
    let json = |method: &str, path: &str, token: &str, body: &serde_json::Value| {
        answered(|| bookstore.json(method, path, token, body)).status
    };
    let register = |name: &str, email: &str, password: &str| {
        let user = json!({"username": name, "email": email, "password": password, "full_name": FULL_NAME});
        json("POST", "/auth/register", "", &user)
    };
    let login = |name: &str, password: &str| {
        let form = format!("username={name}&password={password}");
        let reply = answered(|| {
            bookstore.send("POST", "/auth/login", |request| {
                request.header("content-type", "application/x-www-form-urlencoded").body(form.clone())
            })
        });
        (reply.status, reply.json["access_token"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(register("reader", EMAIL, PASSWORD), 201);
    assert_eq!(register("writer", OTHER_EMAIL, PASSWORD), 201);
    // PostgreSQL's detail of a broken unique constraint quotes the value.
    assert_eq!(register("another", EMAIL, PASSWORD), 400);
    assert_eq!(register("reader", "canary.four@example.com", PASSWORD), 400);
    // Refused by validation: too long for a password, no e-mail address, a NUL byte.
    assert_eq!(register("reader2", EMAIL, &PASSWORD.repeat(10)), 422);
    assert_eq!(register("reader3", "canary.no.address", PASSWORD), 422);
    assert_eq!(register("reader4", "canary\u{0}@example.com", PASSWORD), 422);
    assert_eq!(login("reader", WRONG_PASSWORD).0, 401);
    assert_eq!(login("nobody", WRONG_PASSWORD).0, 401);
    let (status, token) = login("reader", PASSWORD);
    assert_eq!(status, 200);

    let broken = format!("{{\"username\": \"x\", \"email\": \"{EMAIL}\", \"password\": \"{PASSWORD}\"");
    let reply = bookstore
        .send("POST", "/auth/register", |request| request.header("content-type", "application/json").body(broken));
    assert_eq!(reply.status, 422);

    assert_eq!(json("PUT", "/auth/me", &token, &json!({"email": OTHER_EMAIL})), 400);
    let change = json!({"email": NEW_EMAIL, "password": NEW_PASSWORD});
    assert_eq!(json("PUT", "/auth/me", &token, &change), 200);
    let book = json!({"title": "Findable title", "author": "John Doe", "isbn": "978-1234567890"});
    assert_eq!(json("POST", "/books/", &token, &book), 201);
    assert_eq!(json("POST", "/books/", &token, &book), 409);
    // Tokens that are none, in the header and where they do not belong.
    let forged = format!("{token}x");
    assert_eq!(json("POST", "/books/", &forged, &book), 401);
    let reply = answered(|| bookstore.get(&format!("/books/?search={EMAIL}&access_token={token}")));
    assert_eq!(reply.status, 200);
    vec![token]
}

/// Asserts that none of `secrets` is in what was exported or printed.
#[track_caller]
fn silent(exported: &[String], printed: &str, secrets: &[&str]) {
    assert!(exported.is_empty(), "exported: {exported:#?}");
    let printed: Vec<&&str> = secrets.iter().filter(|secret| printed.contains(**secret)).collect();
    assert!(printed.is_empty(), "printed: {printed:?}");
}

const SECRETS: [&str; 7] = ["canary", "Canary", PASSWORD, WRONG_PASSWORD, NEW_PASSWORD, "$argon2", "eyJ"];

#[test]
fn nothing_secret_is_exported_or_printed_on_postgresql_and_redis() {
    let Some(postgres) = Postgres::shared() else { return };
    let Some(redis) = Redis::start() else { return };
    let (database, receiver) = (postgres.database(), OtlpReceiver::start());
    let mut bookstore = Start::unconfigured()
        .env("DATABASE_URL", database.url())
        .env("REDIS_URL", redis.url())
        .env("SECRET_KEY", SECRET_KEY)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint())
        .ready();
    let tokens = drive(&bookstore);
    assert_eq!(bookstore.stop().code, 0, "{}", bookstore.output());
    let hashes = database.query("SELECT u::text FROM users u");
    assert!(hashes.iter().all(|row| row.contains("$argon2")), "the hashes are of the kind that is searched for");
    receiver.wait_for("the session", |spans| spans.iter().any(|span| span.name == "GET /books/"));
    assert_eq!(receiver.found(&["Findable title"]).len(), 1, "the search finds what is there");
    let secrets: Vec<&str> = SECRETS.into_iter().chain(tokens.iter().map(String::as_str)).collect();
    silent(&receiver.found(&secrets), &bookstore.output(), &secrets);
}

#[test]
fn nothing_secret_is_exported_or_printed_without_databases() {
    let receiver = OtlpReceiver::start();
    // Compressed, for a change: the receiver searches what it has decompressed.
    let start = Start::unconfigured().env("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");
    let mut bookstore = start.env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint()).ready();
    let tokens = drive(&bookstore);
    assert_eq!(bookstore.stop().code, 0, "{}", bookstore.output());
    receiver.wait_for("the session", |spans| spans.iter().any(|span| span.name == "GET /books/"));
    let encoding = receiver.received()[0].headers.get("content-encoding").cloned();
    assert_eq!(encoding.as_deref(), Some("gzip"));
    assert_eq!(receiver.found(&["Findable title"]).len(), 1, "the search finds what is there");
    let secrets: Vec<&str> = SECRETS.into_iter().chain(tokens.iter().map(String::as_str)).collect();
    silent(&receiver.found(&secrets), &bookstore.output(), &secrets);
}

#[test]
fn nothing_secret_is_drawn_in_waterfalls() {
    let bookstore = Start::unconfigured().ready();
    let tokens = drive(&bookstore);
    let drawn = || {
        Some(bookstore.output()).filter(|printed| printed.contains("Findable title") && printed.contains("GET /books/"))
    };
    let printed = wait_until(Duration::from_secs(10), drawn).expect("the waterfalls");
    let secrets: Vec<&str> = SECRETS.into_iter().chain(tokens.iter().map(String::as_str)).collect();
    silent(&[], &printed, &secrets);
}
