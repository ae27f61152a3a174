//! Input that is refused, with nothing stored.

// A case's name says what it shows.
#![allow(missing_docs)]

use http::Method;
use serde_json::{Value, json};

use super::TestApp;
use super::api::{Visitor, book, isbn, registration};

pub async fn issues_have_the_shape_of_fastapis(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    let answer = visitor.post("/books/", &json!({ "title": 1, "author": "", "price": 0 })).await.expect(422);
    assert_eq!(
        answer.json(),
        json!({ "detail": [
            { "loc": ["body", "title"], "msg": "Input should be a valid string", "type": "string_type" },
            { "loc": ["body", "author"], "msg": "String should have at least 1 character", "type": "string_too_short" },
            { "loc": ["body", "isbn"], "msg": "Field required", "type": "missing" },
            { "loc": ["body", "price"], "msg": "Input should be greater than 0", "type": "greater_than" },
        ] })
    );
    let answer = visitor.get("/books/?skip=-1&limit=101").await.expect(422).json();
    assert_eq!(answer["detail"][0]["loc"], json!(["query", "skip"]));
    assert_eq!(answer["detail"][1]["loc"], json!(["query", "limit"]));
}

fn without(mut object: Value, field: &str) -> Value {
    object.as_object_mut().expect("an object").remove(field);
    object
}

fn with(mut object: Value, field: &str, value: Value) -> Value {
    object[field] = value;
    object
}

pub async fn broken_users_are_refused_and_not_stored(app: &TestApp) {
    let visitor = Visitor::new(app);
    for field in ["username", "email", "password"] {
        visitor.post("/auth/register", &without(registration("ada"), field)).await.expect(422);
        visitor.post("/auth/register", &with(registration("ada"), field, Value::Null)).await.expect(422);
        visitor.post("/auth/register", &with(registration("ada"), field, json!(7))).await.expect(422);
        visitor.post("/auth/register", &with(registration("ada"), field, json!(""))).await.expect(422);
    }
    for (field, values) in [
        ("username", vec!["ad".to_owned(), "a".repeat(51), "a\0da".into(), "ada@example.org".into()]),
        (
            "username",
            vec!["a\x1b[2Jda".into(), "ad\na".into(), "ada lovelace".into(), "adé".into(), "ada\u{202e}".into()],
        ),
        ("email", vec!["ada".into(), "ada@".into(), "ada@localhost".into(), "a\0@example.org".into(), "a".repeat(300)]),
        ("password", vec!["short".into(), "x".repeat(73), "é".repeat(37), "Test\x00123!".into()]),
        ("full_name", vec!["x".repeat(101), "a\0da".into()]),
    ] {
        for value in values {
            let what = format!("{field}: {value:?}");
            visitor.post("/auth/register", &with(registration("ada"), field, value.into())).await.expect_refusal(&what);
        }
    }
    visitor.login("ada", "Test123!").await.expect(401);
    // At the bounds.
    let longest = json!({
        "username": "Ada_0-9.x".repeat(5) + "ends.", "email": "ada@example.org", "password": "x".repeat(72), "full_name": "x".repeat(100)
    });
    visitor.post("/auth/register", &longest).await.expect(201);
    let shortest = json!({ "username": "ada", "email": "a@b.co", "password": "x".repeat(6), "full_name": null });
    visitor.post("/auth/register", &shortest).await.expect(201);
}

/// A book's fields that are refused on creation and on change.
fn broken_fields() -> Vec<(&'static str, Value)> {
    let texts = |field: &'static str, values: Vec<String>| values.into_iter().map(move |value| (field, json!(value)));
    let mut broken: Vec<(&'static str, Value)> = Vec::new();
    broken.extend(texts("title", vec!["x".repeat(201), "No\0tes".into(), "ab".into(), String::new()]));
    broken.extend(texts("author", vec![String::new(), "x".repeat(101), "A\0da".into()]));
    broken.extend(texts("isbn", vec!["123".into(), "978-12345678901".into(), "978-123456789X".into(), String::new()]));
    broken.extend(texts("isbn", vec!["97-8-1-2-3-4-5-6-7-8-9-0".into(), "978\x00234567890".into()]));
    broken.extend(texts("description", vec!["On \0".into()]));
    broken.extend(texts("category", vec![String::new(), "x".repeat(51), "C\0".into()]));
    broken.extend(texts("price", vec!["12.5".into(), "Infinity".into()]));
    for price in [json!(0), json!(-1), json!(true)] {
        broken.push(("price", price));
    }
    for quantity in [json!(-1), json!(2_147_483_648_i64), json!(u64::MAX), json!(1e300), json!(1.5), json!(null)] {
        broken.push(("quantity", quantity));
    }
    for year in [json!(999), json!(10000), json!("soon"), json!(1843.5)] {
        broken.push(("published_year", year.clone()));
        broken.push(("year", year));
    }
    for field in ["title", "author", "isbn"] {
        broken.extend([(field, Value::Null), (field, json!(1)), (field, json!(["x"]))]);
    }
    broken
}

/// Bodies that no JSON value stands for, of an object that begins with `start`.
fn broken_bodies(start: &str) -> Vec<String> {
    [r#""price": 1e999"#, r#""price": NaN"#, r#""price": Infinity"#, r#""description": "\ud800""#]
        .into_iter()
        .chain([r#""description": "\udc00\ud800""#, r#""description": "\x00""#, r#""description": "open"#])
        .map(|field| format!("{start}, {field}}}"))
        .chain([format!("{start}, \"deep\": {}{}}}", "[".repeat(5000), "]".repeat(5000))])
        .collect()
}

pub async fn broken_books_are_refused_and_not_stored(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    for (field, value) in broken_fields() {
        let what = format!("{field}: {value}");
        let mut new = book("Notes", &isbn(1));
        if field == "year" {
            new = without(new, "published_year");
        }
        visitor.post("/books/", &with(new, field, value)).await.expect_refusal(&what);
    }
    for field in ["title", "author", "isbn"] {
        visitor.post("/books/", &without(book("Notes", &isbn(1)), field)).await.expect(422);
    }
    for title in ["ab", "é", ""] {
        let detail = "Title must be at least 3 characters";
        visitor.post("/books/", &book(title, &isbn(1))).await.expect_detail(400, detail);
    }
    let start = format!(r#"{{"title": "Notes", "author": "Ada", "isbn": "{}""#, isbn(1));
    for body in broken_bodies(&start) {
        let what = body.chars().take(120).collect::<String>();
        let answer = visitor.raw(Method::POST, "/books/", body).await;
        assert_eq!(answer.status, 422, "{what}");
        answer.expect_refusal(&what);
    }
    assert_eq!(visitor.get("/books/").await.expect(200).json(), json!([]));
    // At the bounds.
    let longest = json!({
        "title": "é".repeat(200), "author": "é".repeat(100), "isbn": "978-1-234-56789-0", "price": 1e-300,
        "quantity": i32::MAX, "category": "é".repeat(50), "published_year": 9999,
    });
    visitor.post("/books/", &longest).await.expect(201);
}

pub async fn broken_changes_are_refused_and_change_nothing(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    let path = format!("/books/{}", visitor.book("Notes", &isbn(1)).await);
    let before = visitor.get(&path).await.expect(200).json();
    for (field, value) in broken_fields() {
        let what = format!("{field}: {value}");
        visitor.put(&path, &json!({ "description": "changed", field: value })).await.expect_refusal(&what);
    }
    for body in broken_bodies(r#"{"author": "Changed""#) {
        visitor.raw(Method::PUT, &path, body).await.expect(422);
    }
    visitor.put(&path, &json!({ "title": "ab" })).await.expect_detail(400, "Title must be at least 3 characters");
    assert_eq!(visitor.get(&path).await.expect(200).json(), before);

    let me = visitor.get("/auth/me").await.expect(200).json();
    for (field, value) in [
        ("email", Value::Null),
        ("email", json!("nonsense")),
        ("password", Value::Null),
        ("password", json!("short")),
        ("full_name", json!("x".repeat(101))),
        ("full_name", json!("\0")),
        ("full_name", json!(1)),
    ] {
        visitor.put("/auth/me", &with(json!({ "full_name": "Changed" }), field, value)).await.expect(422);
    }
    assert_eq!(visitor.get("/auth/me").await.expect(200).json(), me);
    visitor.login("ada", "Test123!").await.expect(200);
}

pub async fn broken_queries_are_refused(app: &TestApp) {
    let visitor = Visitor::new(app);
    for query in [
        "skip=-1",
        "skip=99999999999999999999",
        "skip=one",
        "skip=",
        "skip=1.5",
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=99999999999999999999",
        "category=%00",
        "search=a%00b",
    ] {
        let answer = visitor.get(&format!("/books/?{query}")).await.expect(422);
        let field = query.split('=').next().expect("a name");
        assert_eq!(answer.json()["detail"][0]["loc"], json!(["query", field]), "{query}");
    }
    for query in ["search=%ED%A0%80", "search=%FF", "category=%F0%9F", "search=%", "&&=&"] {
        visitor.get(&format!("/books/?{query}")).await.expect(200);
    }
}

pub async fn bodies_that_are_no_json_are_refused(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    for body in
        [&b""[..], b"{", b"[]", b"null", b"7", b"\"text\"", b"{} {}", b"\xff\xfe{}", b"{\"title\": \"\xff\"}", b"a=b"]
    {
        for path in ["/auth/register", "/books/"] {
            let answer = visitor.raw(Method::POST, path, body.to_vec()).await;
            let what = String::from_utf8_lossy(body);
            assert_eq!(answer.status, 422, "{path}: {what}");
            assert_eq!(answer.json()["detail"][0]["loc"][0], "body", "{path}: {what}");
        }
        visitor.raw(Method::PUT, "/auth/me", body.to_vec()).await.expect(422);
    }
    let form =
        visitor.request(Method::POST, "/auth/register").header("content-type", "application/x-www-form-urlencoded");
    visitor.send(form.body("username=eve&email=eve@example.org&password=Test123!")).await.expect(422);
}

pub async fn fields_that_are_not_the_clients_are_ignored(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    let mut new = book("Notes", &isbn(1));
    for (field, value) in [("id", json!(77)), ("owner_id", json!(99)), ("created_at", json!("now")), ("x", json!({}))] {
        new[field] = value;
    }
    let created = visitor.post("/books/", &new).await.expect(201).json();
    assert_ne!((&created["id"], &created["owner_id"]), (&json!(77), &json!(99)));
    let change = json!({ "id": 77, "owner_id": 99, "updated_at": "never", "created_at": null });
    let path = format!("/books/{}", created["id"]);
    assert_eq!(visitor.put(&path, &change).await.expect(200).json(), created);

    let me = visitor.get("/auth/me").await.expect(200).json();
    let change = json!({ "id": 77, "username": "eve", "is_active": false, "created_at": "now" });
    assert_eq!(visitor.put("/auth/me", &change).await.expect(200).json(), me);
}
