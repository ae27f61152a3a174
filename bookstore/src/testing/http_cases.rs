//! What holds for every route.

// A case's name says what it shows.
#![allow(missing_docs)]

use http::Method;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::api::{Visitor, book, isbn, registration};
use super::{SECRET, TestApp};

pub async fn root_health_and_ready_answer(app: &TestApp) {
    let visitor = Visitor::new(app);
    let root = visitor.get("/").await.expect(200).json();
    assert_eq!((root["docs"].as_str(), root["health"].as_str()), (Some("/docs"), Some("/health")));
    assert!(root["message"].is_string());
    assert_eq!(visitor.get("/health").await.expect(200).json(), json!({ "status": "healthy" }));
    visitor.get("/ready").await.expect(200);
}

pub async fn metrics_are_prometheus_text(app: &TestApp) {
    let answer = Visitor::new(app).get("/metrics").await.expect(200);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
}

pub async fn health_takes_get_alone(app: &TestApp) {
    let visitor = Visitor::new(app);
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let answer = visitor.send(visitor.request(method, "/health")).await.expect(405);
        assert_eq!(answer.header("allow"), "GET");
        answer.expect_detail(405, "Method Not Allowed");
    }
}

pub async fn head_answers_without_a_body(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    let id = visitor.book("Notes", &isbn(1)).await;
    for path in ["/", "/ready", "/books/", &format!("/books/{id}"), "/auth/me"] {
        let answer = visitor.send(visitor.request(Method::HEAD, path)).await.expect(200);
        assert_eq!(answer.text, "", "{path}");
    }
}

pub async fn unknown_paths_and_methods_have_a_detail(app: &TestApp) {
    let visitor = Visitor::new(app);
    for path in ["/nothing", "/books/1/pages", "/auth", "//", "/books//"] {
        visitor.get(path).await.expect_detail(404, "Not Found");
    }
    for (method, path, allow) in [
        (Method::POST, "/", "GET, HEAD"),
        (Method::POST, "/ready", "GET, HEAD"),
        (Method::POST, "/metrics", "GET, HEAD"),
        (Method::GET, "/auth/register", "POST"),
        (Method::DELETE, "/auth/login", "POST"),
        (Method::POST, "/auth/me", "GET, HEAD, PUT"),
        (Method::DELETE, "/books/", "GET, HEAD, POST"),
        (Method::PATCH, "/books/1", "GET, HEAD, PUT, DELETE"),
        (Method::POST, "/books/1", "GET, HEAD, PUT, DELETE"),
    ] {
        let answer = visitor.send(visitor.request(method.clone(), path)).await;
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
        answer.expect_detail(405, "Method Not Allowed");
    }
}

pub async fn paths_redirect_to_their_canonical_form(app: &TestApp) {
    let visitor = Visitor::new(app);
    for (path, canonical) in [
        ("/books", "/books/"),
        ("/books?skip=1&limit=2", "/books/?skip=1&limit=2"),
        ("/books/1/", "/books/1"),
        ("/auth/me/", "/auth/me"),
        ("/health/", "/health"),
    ] {
        assert_eq!(visitor.get(path).await.expect(307).header("location"), canonical);
    }
    assert_eq!(visitor.post("/books", &json!({})).await.expect(307).header("location"), "/books/");
}

pub async fn preflight_is_answered(app: &TestApp) {
    let visitor = Visitor::new(app);
    let request = visitor
        .request(Method::OPTIONS, "/books/")
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization, content-type");
    let answer = visitor.send(request).await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), "https://shop.example");
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    assert_eq!(answer.header("access-control-allow-headers"), "authorization, content-type");
    for method in ["GET", "POST", "PUT", "DELETE"] {
        assert!(answer.header("access-control-allow-methods").contains(method));
    }
    // Without the question it is a method like any other.
    let request = visitor.request(Method::OPTIONS, "/books/");
    visitor.send(request).await.expect_detail(405, "Method Not Allowed");
}

pub async fn any_origin_may_read_with_credentials(app: &TestApp) {
    let visitor = Visitor::new(app);
    for path in ["/health", "/books/999999", "/nothing", "/auth/me"] {
        let answer = visitor.send(visitor.request(Method::GET, path).header("origin", "https://shop.example")).await;
        assert_eq!(answer.header("access-control-allow-origin"), "https://shop.example", "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
        assert_eq!(answer.header("vary"), "Origin");
        assert!(visitor.get(path).await.headers.get("access-control-allow-origin").is_none());
    }
}

pub async fn correlation_ids_come_back(app: &TestApp) {
    let visitor = Visitor::new(app);
    let long = "x".repeat(129);
    let ask = async |path: &str, id: Option<&[u8]>| {
        let mut request = visitor.request(Method::GET, path);
        if let Some(id) = id {
            request = request.header("x-correlation-id", id);
        }
        visitor.send(request).await.header("x-correlation-id").to_owned()
    };
    for path in ["/health", "/nothing", "/books/"] {
        for kept in ["order-66", "two words ~!"] {
            assert_eq!(ask(path, Some(kept.as_bytes())).await, kept);
        }
        for refused in [None, Some(long.as_bytes()), Some("é".as_bytes()), Some(b"ada@example.org")] {
            let made = ask(path, refused).await;
            assert!(uuid::Uuid::parse_str(&made).is_ok(), "{path}: {made}");
        }
        assert_ne!(ask(path, None).await, ask(path, None).await);
    }
}

pub async fn requests_without_a_token_are_refused(app: &TestApp) {
    let visitor = Visitor::new(app);
    for (method, path) in [
        (Method::GET, "/auth/me"),
        (Method::PUT, "/auth/me"),
        (Method::POST, "/books/"),
        (Method::PUT, "/books/1"),
        (Method::DELETE, "/books/1"),
        (Method::DELETE, "/books/one"),
    ] {
        let answer = visitor.send(visitor.request(method, path)).await;
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        answer.expect_detail(401, "Could not validate credentials");
    }
}

pub async fn bad_tokens_are_refused(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    let later = jiff::Timestamp::now().as_second() + 600;
    let signed = |algorithm, claims: Value, secret: &str| {
        encode(&Header::new(algorithm), &claims, &EncodingKey::from_secret(secret.as_bytes())).expect("a token")
    };
    let good = signed(Algorithm::HS256, json!({ "sub": "ada", "exp": later }), SECRET);
    visitor.with_token(&good).get("/auth/me").await.expect(200);
    let unsigned = |header: &str| {
        let rest = good.split('.').nth(1).expect("claims");
        format!("{header}.{rest}.")
    };
    for token in [
        signed(Algorithm::HS256, json!({ "sub": "ada", "exp": later }), "another secret"),
        signed(Algorithm::HS512, json!({ "sub": "ada", "exp": later }), SECRET),
        signed(Algorithm::HS256, json!({ "sub": "ada", "exp": later - 601 }), SECRET),
        signed(Algorithm::HS256, json!({ "sub": "ada" }), SECRET),
        signed(Algorithm::HS256, json!({ "exp": later }), SECRET),
        signed(Algorithm::HS256, json!({ "sub": "nobody", "exp": later }), SECRET),
        signed(Algorithm::HS256, json!({ "sub": "a\0da", "exp": later }), SECRET),
        signed(Algorithm::HS256, json!({ "sub": 1, "exp": later }), SECRET),
        // {"alg":"none"} and {"alg":"none","typ":"JWT"}
        unsigned("eyJhbGciOiJub25lIn0"),
        unsigned("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"),
        "nonsense".to_owned(),
        String::new(),
    ] {
        let answer = visitor.with_token(&token).get("/auth/me").await;
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        answer.expect_detail(401, "Could not validate credentials");
    }
    let anonymous = Visitor::new(app);
    let basic = anonymous.request(Method::GET, "/auth/me").header("authorization", "Basic YWRhOmFkYQ==");
    anonymous.send(basic).await.expect(401);
    let lower = anonymous.request(Method::GET, "/auth/me").header("authorization", format!("bearer {good}"));
    anonymous.send(lower).await.expect(200);
}

pub async fn authentication_comes_before_the_body(app: &TestApp) {
    let visitor = Visitor::new(app);
    for (method, path) in [(Method::POST, "/books/"), (Method::PUT, "/books/1"), (Method::PUT, "/auth/me")] {
        visitor.raw(method.clone(), path, "{no json").await.expect(401);
        visitor.raw(method, path, vec![b'x'; 5 << 20]).await.expect(401);
    }
}

pub async fn long_bodies_are_refused(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    let mut long = book("Notes", &isbn(1));
    long["description"] = "x".repeat(5 << 20).into();
    let detail = "The body is longer than 1 MiB";
    visitor.post("/books/", &long).await.expect_detail(413, detail);
    visitor.put("/auth/me", &long).await.expect_detail(413, detail);
    visitor.post("/auth/register", &long).await.expect_detail(413, detail);
    visitor.login("ada", &"x".repeat(5 << 20)).await.expect_detail(413, detail);
    assert_eq!(visitor.get("/books/").await.expect(200).json(), json!([]));
    // Half of it is welcome.
    long["description"] = "x".repeat(1 << 19).into();
    visitor.post("/books/", &long).await.expect(201);
}

pub async fn bodies_without_a_length_are_read_and_limited(app: &TestApp) {
    // By hand: the length that a client knows, it sends.
    let post = async |body: &[u8]| -> String {
        let address = app.base().strip_prefix("http://").expect("an address");
        let mut connection = TcpStream::connect(address).await.expect("a connection");
        let mut request = b"POST /auth/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\
            connection: close\r\n\r\n"
            .to_vec();
        for chunk in body.chunks(64 << 10) {
            request.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            request.extend(chunk);
            request.extend(b"\r\n");
        }
        request.extend(b"0\r\n\r\n");
        connection.write_all(&request).await.expect("it is taken in");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.expect("an answer");
        answer
    };
    let created = post(registration("ada").to_string().as_bytes()).await;
    assert!(created.starts_with("HTTP/1.1 201"), "{created}");
    let refused = post(&vec![b' '; 5 << 20]).await;
    assert!(refused.starts_with("HTTP/1.1 413"), "{refused}");
}
