//! The shape of each request's trace, as the guide draws it. On the embedded store, whose statements are spans as
//! PostgreSQL's are.

use bookstore::testing::TestApp;
use bookstore::testing::api::{Visitor, book, isbn};
use http::Method;
use serde_json::json;
use traced::opentelemetry::trace::{SpanId, SpanKind, Status};
use traced::testing::{CapturedSpan, Spans, capture_async};

/// The traces that a session with the service makes.
async fn session<F: AsyncFnOnce(&TestApp)>(session: F) -> Spans {
    let session = async {
        let app = TestApp::embedded().await;
        session(&app).await;
        app.stop().await;
    };
    capture_async(session).await.1
}

/// A span and those beneath it, in the order in which they started: `POST /books/[authenticate_user[SELECT users]]`.
fn tree(spans: &Spans, span: &CapturedSpan) -> String {
    let mut children: Vec<&CapturedSpan> = spans.children(span).collect();
    children.sort_by_key(|child| child.start_time);
    let beneath: Vec<String> = children.iter().map(|child| tree(spans, child)).collect();
    if beneath.is_empty() { span.name.clone() } else { format!("{}[{}]", span.name, beneath.join(", ")) }
}

/// The trees of the requests that a route answered, in their order.
fn requests(spans: &Spans, name: &str) -> Vec<String> {
    let mut roots: Vec<&CapturedSpan> = spans.iter().filter(|span| span.name == name).collect();
    roots.sort_by_key(|root| root.start_time);
    for root in &roots {
        assert_eq!((&root.kind, root.parent_span_id), (&SpanKind::Server, SpanId::INVALID), "{name}");
    }
    roots.iter().map(|root| tree(spans, root)).collect()
}

#[tokio::test]
async fn each_request_is_one_tree_with_each_statement_once() {
    let spans = session(async |app| {
        let visitor = Visitor::registered(app, "ada").await;
        let id = visitor.book("Notes", &isbn(1)).await;
        let path = format!("/books/{id}");
        visitor.get("/books/").await.expect(200);
        visitor.get(&path).await.expect(200);
        visitor.get(&path).await.expect(200);
        visitor.put(&path, &json!({ "title": "Other notes" })).await.expect(200);
        visitor.delete(&path).await.expect(204);
        visitor.delete(&path).await.expect(404);
        visitor.get("/auth/me").await.expect(200);
    })
    .await;
    let one = |name: &str| match requests(&spans, name).as_slice() {
        [tree] => tree.clone(),
        trees => panic!("{name}: {trees:?}"),
    };
    let user = "authenticate_user[SELECT users]";
    assert_eq!(one("POST /auth/register"), "POST /auth/register[register[hash_password, INSERT users]]");
    assert_eq!(one("POST /auth/login"), "POST /auth/login[login[SELECT users, verify_password, create_access_token]]");
    assert_eq!(
        one("POST /books/"),
        format!("POST /books/[{user}, validate_book_data, create_book[INSERT books], cache_invalidation]")
    );
    assert_eq!(one("GET /books/"), "GET /books/[get_books[SELECT books]]");
    assert_eq!(
        requests(&spans, "GET /books/{id}"),
        ["GET /books/{id}[get_book[SELECT books]]", "GET /books/{id}[get_book]"]
    );
    let update = "update_book[SELECT books, verify_book_ownership, UPDATE books]";
    assert_eq!(
        one("PUT /books/{id}"),
        format!("PUT /books/{{id}}[{user}, validate_book_data, {update}, cache_invalidation]")
    );
    let steps = "fetch_book_for_deletion[SELECT books], verify_book_ownership, execute_delete[DELETE books]";
    assert_eq!(
        requests(&spans, "DELETE /books/{id}"),
        [
            format!("DELETE /books/{{id}}[{user}, delete_book[{steps}], cache_invalidation]"),
            format!("DELETE /books/{{id}}[{user}, delete_book[fetch_book_for_deletion[SELECT books]]]"),
        ]
    );
    assert_eq!(one("GET /auth/me"), format!("GET /auth/me[{user}]"));
}

#[tokio::test]
async fn spans_say_what_the_guide_says() {
    let spans = session(async |app| {
        let (ada, eve) = (Visitor::registered(app, "ada").await, Visitor::registered(app, "eve").await);
        let id = ada.book("Notes", &isbn(1)).await;
        ada.post("/books/", &book("ab", &isbn(2))).await.expect(400);
        eve.delete(&format!("/books/{id}")).await.expect(403);
        ada.delete("/books/999").await.expect(404);
        ada.get("/books/?skip=3&limit=7").await.expect(200);
    })
    .await;
    let created = spans.named("create_book");
    assert_eq!(created.attribute("book.title"), Some(&"Notes".into()));
    assert_eq!(created.attribute("book.author"), Some(&"Ada Lovelace".into()));
    assert!(created.attribute("book.id").is_some() && created.attribute("user.id").is_some());
    assert!(created.event("Book created successfully").is_some());
    assert_eq!(created.status, Status::Ok);

    let validations: Vec<&CapturedSpan> = spans.iter().filter(|span| span.name == "validate_book_data").collect();
    assert!(validations[0].event("Validation passed").is_some());
    assert!(validations[1].event("Validation failed: title too short").is_some());
    assert!(matches!(validations[1].status, Status::Error { .. }));

    let deletions: Vec<&CapturedSpan> = spans.iter().filter(|span| span.name == "delete_book").collect();
    assert!(deletions[0].event("Unauthorized deletion attempt").is_some());
    assert_eq!(deletions[0].attribute("error.type"), Some(&"unauthorized".into()));
    assert!(deletions[1].event("Book not found").is_some());
    assert_eq!(deletions[1].status, Status::error("Book not found"));

    let list = spans.named("get_books");
    assert_eq!(list.attribute("query.skip"), Some(&3.into()));
    assert_eq!(list.attribute("query.limit"), Some(&7.into()));
    assert_eq!(list.attribute("result.count"), Some(&0.into()));
    assert_eq!(spans.named("GET /books/").attribute("pagination.skip"), Some(&3.into()));
    let token = spans.named("create_access_token");
    assert_eq!(token.attribute("token.subject"), Some(&"ada".into()));
    assert!(token.attribute("token.expiry").is_some() && token.event("JWT token created").is_some());
    assert_eq!(spans.named("verify_password").attribute("verification.result"), Some(&"success".into()));
}

#[tokio::test]
async fn an_unknown_user_costs_a_verification_too() {
    let spans = session(async |app| {
        let visitor = Visitor::registered(app, "ada").await;
        visitor.login("ada", "wrong").await.expect(401);
        visitor.login("nobody", "wrong").await.expect(401);
    })
    .await;
    let refused = "POST /auth/login[login[SELECT users, verify_password]]";
    assert_eq!(requests(&spans, "POST /auth/login")[1..], [refused, refused]);
}

#[tokio::test]
async fn correlation_ids_are_on_server_spans_and_probes_have_none() {
    let spans = session(async |app| {
        let visitor = Visitor::new(app);
        for path in ["/health", "/metrics", "/favicon.ico"] {
            visitor.get(path).await;
        }
        let request = visitor.request(Method::GET, "/books/").header("x-correlation-id", "order-66");
        visitor.send(request).await.expect(200);
    })
    .await;
    assert_eq!(spans.named("GET /books/").attribute("correlation.id"), Some(&"order-66".into()));
    assert_eq!(spans.iter().filter(|span| span.kind == SpanKind::Server).count(), 1);
}

#[tokio::test]
async fn nothing_personal_or_secret_is_on_a_span() {
    let spans = session(async |app| {
        let visitor = Visitor::registered(app, "ada").await;
        let registration = bookstore::testing::api::registration("ada");
        visitor.post("/auth/register", &registration).await.expect(400);
        let taken = json!({ "username": "eve", "email": "ada@example.org", "password": "Test123!" });
        visitor.post("/auth/register", &taken).await.expect(400);
        visitor.put("/auth/me", &json!({ "email": "new@example.org", "password": "Canary1!" })).await.expect(200);
        visitor.login("ada", "Canary2!").await.expect(401);
        visitor.with_token("canary.token.x").get("/auth/me").await.expect(401);
    })
    .await;
    let text = format!("{spans:?}");
    for canary in ["example.org", "Test123!", "Canary", "$argon2", "eyJ", "canary"] {
        assert!(!text.contains(canary), "{canary}");
    }
    assert!(text.contains("register"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_requests_at_once_keep_their_spans_to_themselves() {
    let spans = session(async |app| {
        let visitor = Visitor::registered(app, "ada").await;
        let requests = (0..300).map(async |n| visitor.book(&format!("Book {n}"), &isbn(n)).await);
        futures_util::future::join_all(requests).await;
    })
    .await;
    let trees = requests(&spans, "POST /books/");
    assert_eq!(trees.len(), 300);
    let expected = "POST /books/[authenticate_user[SELECT users], validate_book_data, create_book[INSERT books], \
        cache_invalidation]";
    for tree in trees {
        assert_eq!(tree, expected);
    }
    for root in spans.iter().filter(|span| span.name == "POST /books/") {
        let created = spans.children(root).find(|child| child.name == "create_book").expect("a creation");
        assert_eq!(root.attribute("book.title"), created.attribute("book.title"));
    }
}
