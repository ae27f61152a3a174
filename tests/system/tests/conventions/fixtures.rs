//! What the bookstore has no use for: functions of every end, requests that are sent, statements and commands of every kind.

use std::fmt;
use std::pin::pin;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use traced::propagation::send;
use traced::redis::redis;
use traced::{Attributes, ErrorType, Telemetry, event, traced};
use traced_system_tests::conventions::Checked;
use traced_system_tests::{OtlpReceiver, Postgres, Redis};
use warp::Filter as _;

#[derive(Debug, ErrorType)]
enum Error {
    #[error_type("not_found", expected)]
    NotFound,
    #[error_type("conflict")]
    Conflict(fmt::Error),
    #[error_type("secret", sensitive)]
    Secret,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Conflict(cause) => Some(cause),
            _ => None,
        }
    }
}

#[derive(Attributes)]
struct Nothing {}

#[traced(code, metrics, attrs(..nothing))]
fn ends(how: u32, nothing: &Nothing) -> Result<u32, Error> {
    event!("under way");
    match how {
        0 => Err(Error::NotFound),
        1 => Err(Error::Conflict(fmt::Error)),
        2 => Err(Error::Secret),
        3 => panic!("on purpose"),
        _ => Ok(how),
    }
}

#[traced(code, metrics)]
async fn never() {
    std::future::pending::<()>().await;
}

#[traced(stream, metrics)]
fn items() -> impl futures_util::Stream<Item = Result<u32, Error>> {
    stream::iter([Ok(1), Err(Error::Conflict(fmt::Error))])
}

#[traced]
fn boxed() -> Result<(), Box<dyn std::error::Error>> {
    Err("plain text".into())
}

async fn functions() {
    for how in 0..5 {
        let _ = std::panic::catch_unwind(|| ends(how, &Nothing {}));
    }
    assert_eq!(items().count().await, 2);
    let _ = boxed();
    let waker = std::task::Waker::noop();
    let mut future = pin!(never());
    assert!(future.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending());
}

async fn requests_sent() {
    let request =
        |method: &str, url: &str| warp::http::Request::builder().method(method).uri(url).body(()).expect("a request");
    for (method, url, status) in [
        ("GET", "http://books.internal/books/7?token=canary", 200),
        ("PURGE", "https://books.internal:8443/", 204),
        ("POST", "http://127.0.0.1:8000/", 404),
        ("GET", "http://[::1]/", 503),
    ] {
        let answer = warp::http::Response::builder().status(status).body(()).expect("an answer");
        let sent = send(request(method, url), |_| async { Ok::<_, fmt::Error>(answer) }).await;
        assert_eq!(sent.expect("an answer").status(), status);
    }
    let nobody = |_| async { Err::<warp::http::Response<()>, _>(fmt::Error) };
    send(request("GET", "http://books.internal/"), nobody).await.expect_err("nobody is there");
}

async fn requests_served() {
    let book = warp::path!("books" / i64).and(traced::warp::route("/books/{id}")).map(|id: i64| id.to_string());
    let broken = warp::path!("broken").map(|| warp::http::StatusCode::INTERNAL_SERVER_ERROR);
    let panics = warp::path!("panics").map(|| -> &'static str { panic!("on purpose") });
    let never = warp::path!("never").and_then(std::future::pending::<Result<String, warp::Rejection>>);
    let routes = book.or(broken).or(panics).or(never);
    let trace = traced::warp::trace().request_header("accept").response_header("content-type").trust_forwarded();
    let routes = trace.baggage("tenant").correlation_id("x-request-id", "correlation.id").wrap(routes);
    let get = |path: &str| {
        let request =
            warp::test::request().path(path).header("host", "books.example.org").header("accept", "text/plain");
        request.header("x-forwarded-for", "192.0.2.1").header("user-agent", "curl/8")
    };
    assert_eq!(get("/books/7?q=1").reply(&routes).await.status(), 200);
    assert_eq!(get("/broken").reply(&routes).await.status(), 500);
    assert_eq!(get("/nowhere").method("BREW").reply(&routes).await.status(), 404);
    assert_eq!(get("/panics").reply(&routes).await.status(), 500);
    let mut given_up = Box::pin(get("/never").reply(&routes));
    let waker = std::task::Waker::noop();
    assert!(given_up.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending());
}

fn statements() {
    let database = traced::database::Database::new("mysql").namespace("books").address("db.internal").port(3307);
    database.statement("SELECT * FROM books WHERE id = ?").run(|| Ok::<_, fmt::Error>(())).expect("an answer");
    let batch = database.statement("INSERT INTO books VALUES (?)").batch_size(3);
    batch.run(|| Err::<(), _>(fmt::Error)).expect_err("on purpose");
}

async fn postgresql() {
    use traced::postgres::{Config, Manager, NoTls, bb8, get};
    let database = tokio::task::spawn_blocking(|| {
        let database = Postgres::shared()?.database();
        database.execute("CREATE TABLE books (id bigint PRIMARY KEY)");
        Some(database)
    });
    let Some(database) = database.await.expect("no panic") else { return };
    let manager = Manager::new(database.url().parse::<Config>().expect("a URL"), NoTls);
    let about = manager.database().clone();
    let pool = bb8::Pool::builder().max_size(1).build(manager).await.expect("a pool");
    let _observed = traced::postgres::observe(&pool, &about);
    {
        let mut client = get(&pool).await.expect("a connection");
        client.batch_execute("INSERT INTO books VALUES (1); INSERT INTO books VALUES (2)").await.expect("two");
        let statement = client.prepare("SELECT id FROM books WHERE id = $1").await.expect("a statement");
        assert_eq!(client.query(&statement, &[&1_i64]).await.expect("rows").len(), 1);
        client.query("SELECT nothing FROM nowhere", &[]).await.expect_err("there is no such table");
        client.execute("INSERT INTO books VALUES (1)", &[]).await.expect_err("it is there");
        let rows = client.query_raw("SELECT id FROM books", std::iter::empty::<i64>()).await.expect("a stream");
        assert_eq!(rows.try_collect::<Vec<_>>().await.expect("rows").len(), 2);
        let transaction = client.transaction().await.expect("a transaction");
        transaction.execute("DELETE FROM books", &[]).await.expect("two");
        transaction.rollback().await.expect("as before");
    }
    drop(pool);
    tokio::task::spawn_blocking(move || drop(database)).await.expect("dropped");
}

async fn redis_commands() {
    use traced::redis::{AsyncCommands as _, Manager, bb8, get};
    let Some(server) = tokio::task::spawn_blocking(Redis::start).await.expect("no panic") else { return };
    let manager = Manager::new(server.url()).expect("a URL").record_keys();
    let about = manager.database().clone();
    let pool = bb8::Pool::builder().max_size(1).build(manager).await.expect("a pool");
    let _observed = traced::redis::observe(&pool, &about);
    let mut connection = get(&pool).await.expect("a connection");
    let connection = &mut *connection;
    let _: () = connection.set("key", "value").await.expect("set");
    let _: () = redis::pipe().atomic().get("key").incr("n", 1).query_async(connection).await.expect("two");
    let _: () = redis::pipe().get("a").get("b").query_async(connection).await.expect("two");
    connection.lpush::<_, _, i64>("key", 1).await.expect_err("it is no list");
}

/// In a process of its own but for the bookstore's sessions, which have theirs.
#[test]
fn functions_edges_and_the_pipeline() {
    let receiver = OtlpReceiver::start();
    let endpoint = receiver.endpoint();
    let telemetry = Telemetry::builder()
        .service_name("fixtures")
        .environment(move |name| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| endpoint.clone()))
        .install()
        .expect("a telemetry");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        functions().await;
        requests_sent().await;
        requests_served().await;
        statements();
        postgresql().await;
        redis_commands().await;
    });
    telemetry.shutdown().expect("everything delivered");
    let checked = Checked::new(&receiver.received(), &[]);
    checked.assert_conforming();
    checked.assert_seen(&[
        "function span code.line.number",
        "function span traced.cancelled",
        "event exception exception.stacktrace",
        "client span url.full",
        "client span http.request.method_original",
        "client span error.type",
        "server span http.request.header.accept",
        "server span http.response.header.content-type",
        "server span error.type",
        "server span traced.cancelled",
        "database span db.operation.batch.size",
        "metric traced.function.duration error.type",
        "metric traced.function.active code.function.name",
        "metric db.client.operation.duration error.type",
    ]);
}
