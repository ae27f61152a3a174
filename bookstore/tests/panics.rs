//! What a defect of the program looks like from outside, and on its span.

use std::sync::Arc;

use async_trait::async_trait;
use bookstore::auth::{Account, NewUser, User, UserPatch};
use bookstore::books::{Book, BookPatch, BookQuery, NewBook};
use bookstore::cache::MemoryCache;
use bookstore::store::{Store, StoreError};
use bookstore::testing::api::Visitor;
use bookstore::testing::{Backdoor, TestApp};
use http::Method;
use serde_json::json;
use traced::opentelemetry::Value;
use traced::testing::capture_async;

/// A database whose every use is a defect.
#[derive(Debug)]
struct Defective;

#[async_trait]
impl Store for Defective {
    async fn ping(&self) -> Result<(), StoreError> {
        panic!("a defect")
    }
    async fn insert_user(&self, _: &NewUser) -> Result<User, StoreError> {
        panic!("a defect")
    }
    async fn user_by_username(&self, _: &str) -> Result<Option<Account>, StoreError> {
        panic!("a defect")
    }
    async fn update_user(&self, _: i64, _: &UserPatch) -> Result<Option<User>, StoreError> {
        panic!("a defect")
    }
    async fn insert_book(&self, _: &NewBook, _: i64) -> Result<Book, StoreError> {
        panic!("a defect")
    }
    async fn book(&self, _: i64) -> Result<Option<Book>, StoreError> {
        panic!("a defect")
    }
    async fn books(&self, _: &BookQuery) -> Result<Vec<Book>, StoreError> {
        panic!("a defect")
    }
    async fn update_book(&self, _: i64, _: i64, _: &BookPatch) -> Result<Option<Book>, StoreError> {
        panic!("a defect")
    }
    async fn delete_book(&self, _: i64, _: i64) -> Result<bool, StoreError> {
        panic!("a defect")
    }
}

struct Closed;

#[async_trait]
impl Backdoor for Closed {
    async fn deactivate(&self, _: &str) {}
    async fn retitle(&self, _: i64, _: &str) {}
}

#[tokio::test]
async fn a_handler_that_panics_is_answered_as_any_failure() {
    let (answer, spans) = capture_async(async {
        let app = TestApp::start(Arc::new(Defective), Arc::new(MemoryCache::new()), Box::new(Closed)).await;
        let visitor = Visitor::new(&app);
        let request = visitor.request(Method::GET, "/books/").header("origin", "https://example.org");
        let answer = visitor.send(request.header("x-correlation-id", "order-66")).await;
        app.stop().await;
        answer
    })
    .await;
    let answer = answer.expect(500);
    assert_eq!(answer.json(), json!({ "detail": "Internal Server Error" }));
    assert_eq!(answer.header("x-correlation-id"), "order-66");
    assert_eq!(answer.header("access-control-allow-origin"), "https://example.org", "a page may read it, too");
    let span = spans.named("GET /books/");
    assert_eq!(span.attribute("http.response.status_code"), Some(&Value::I64(500)));
    assert_eq!(span.attribute("error.type"), Some(&"panic".into()));
    assert!(span.event("exception").is_some());
}
