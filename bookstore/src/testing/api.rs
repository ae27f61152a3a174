//! Asking the service as its users do.

use http::{Method, StatusCode};
use reqwest::Client;
use serde_json::{Value, json};

use super::TestApp;

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: http::HeaderMap,
    /// Its body.
    pub text: String,
}

impl Answer {
    /// The body, as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The answer, which must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// Fails unless it is an error of this status with this detail.
    #[track_caller]
    pub fn expect_detail(self, status: u16, detail: &str) {
        assert_eq!(self.expect(status).json(), json!({ "detail": detail }));
    }

    /// Fails unless it is a client error with a detail.
    #[track_caller]
    pub fn expect_refusal(self, what: &str) {
        assert!(self.status.is_client_error(), "{what}: {} {}", self.status, self.text);
        assert!(!self.json()["detail"].is_null(), "{what}: {}", self.text);
    }

    /// A header's value.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }
}

/// A user of the service, logged in or not.
#[derive(Debug, Clone)]
pub struct Visitor {
    base: String,
    client: Client,
    token: Option<String>,
}

impl Visitor {
    /// Somebody unknown.
    pub fn new(app: &TestApp) -> Self {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        Self { base: app.base().to_owned(), client: client.build().expect("a client"), token: None }
    }

    /// A user of that name, registered and logged in.
    pub async fn registered(app: &TestApp, username: &str) -> Self {
        let visitor = Self::new(app);
        visitor.post("/auth/register", &registration(username)).await.expect(201);
        visitor.logged_in(username).await
    }

    /// The same, with the token that the password of [`registration`] gives.
    pub async fn logged_in(&self, username: &str) -> Self {
        let answer = self.login(username, "Test123!").await.expect(200).json();
        self.with_token(answer["access_token"].as_str().expect("a token"))
    }

    /// The same, with this token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// A request to be filled in.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request that is filled in.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, text: response.text().await.expect("a whole body") }
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// `POST`, JSON
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.raw(Method::POST, path, body.to_string()).await
    }

    /// `PUT`, JSON
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.raw(Method::PUT, path, body.to_string()).await
    }

    /// Any method, with a body as it stands.
    pub async fn raw(&self, method: Method, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.send(self.request(method, path).header("content-type", "application/json").body(body)).await
    }

    /// `DELETE`
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// `POST /auth/login`
    pub async fn login(&self, username: &str, password: &str) -> Answer {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("username", username)
            .append_pair("password", password)
            .finish();
        let request = self.request(Method::POST, "/auth/login");
        self.send(request.header("content-type", "application/x-www-form-urlencoded").body(form)).await
    }

    /// A new book of the visitor's; its number.
    pub async fn book(&self, title: &str, isbn: &str) -> i64 {
        self.post("/books/", &book(title, isbn)).await.expect(201).json()["id"].as_i64().expect("a number")
    }
}

/// What a user of that name registers with.
pub fn registration(username: &str) -> Value {
    json!({ "username": username, "email": format!("{username}@example.org"), "password": "Test123!" })
}

/// A book with every field.
pub fn book(title: &str, isbn: &str) -> Value {
    json!({
        "title": title, "author": "Ada Lovelace", "isbn": isbn, "description": "On engines", "price": 12.5,
        "quantity": 3, "category": "Computing", "published_year": 1843,
    })
}

/// The `n`th ISBN.
pub fn isbn(n: usize) -> String {
    format!("978-{n:010}")
}
