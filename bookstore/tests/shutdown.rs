//! The end of the service.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bookstore::cache::{Cache, Lookup};
use bookstore::store::SqliteStore;
use bookstore::testing::api::{Visitor, isbn};
use bookstore::testing::{Backdoor, Switched, TestApp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn connection(app: &TestApp) -> TcpStream {
    TcpStream::connect(app.base().strip_prefix("http://").expect("an address")).await.expect("a connection")
}

/// Begins a login whose body is not whole yet.
async fn begin(app: &TestApp) -> TcpStream {
    let mut connection = connection(app).await;
    let head = "POST /auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-length: 21\r\n\
        content-type: application/x-www-form-urlencoded\r\n\r\nusername=a";
    connection.write_all(head.as_bytes()).await.expect("it is taken in");
    // Answered once, so that the connection is known to be served before the end begins.
    bookstore::testing::api::Visitor::new(app).get("/health").await.expect(200);
    connection
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_has_begun_is_answered() {
    let app = TestApp::embedded().await;
    let mut connection = begin(&app).await;
    let stopping = tokio::spawn(app.stop());
    connection.write_all(b"&password=b").await.expect("it is taken in");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    stopping.await.expect("it stops");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_and_unfinished_requests_do_not_keep_it() {
    let app = TestApp::embedded().await;
    let (_idle, _unfinished) = (connection(&app).await, begin(&app).await);
    let start = Instant::now();
    app.stop().await;
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

/// A database behind whose back nothing is done.
struct Untouched(#[allow(dead_code, reason = "kept as long as the service")] tempfile::TempDir);

#[async_trait]
impl Backdoor for Untouched {
    async fn deactivate(&self, _: &str) {}
    async fn retitle(&self, _: i64, _: &str) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_that_could_not_be_dropped_are_dropped_before_the_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let store = SqliteStore::open(&directory.path().join("books.db")).await.expect("a database");
    let cache = Arc::new(Switched::default());
    let shared = Arc::<Switched>::clone(&cache);
    let app = TestApp::start(Arc::new(store), shared, Box::new(Untouched(directory))).await;
    let visitor = Visitor::registered(&app, "ada").await;
    let id = visitor.book("Notes", &isbn(1)).await;
    let path = format!("/books/{id}");
    visitor.get(&path).await.expect(200);

    cache.switch(false);
    visitor.put(&path, &serde_json::json!({ "title": "Changed" })).await.expect(200);
    drop(visitor);
    let back = Arc::<Switched>::clone(&cache);
    let back = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        back.switch(true);
    });
    app.stop().await;
    back.await.expect("it is back");
    let kept = cache.get(&format!("book:{id}")).await.expect("an answer");
    assert!(matches!(kept, Lookup::Miss(_)), "another instance would serve {kept:?}");
}
