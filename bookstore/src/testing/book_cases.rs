//! Books: their life, their owners, lists.

// A case's name says what it shows.
#![allow(missing_docs)]

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use super::TestApp;
use super::api::{Visitor, book, isbn};

pub async fn a_book_is_created_read_changed_and_deleted(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    let created = visitor.post("/books/", &book("Notes", &isbn(1))).await.expect(201).json();
    let owner = visitor.get("/auth/me").await.json()["id"].clone();
    let id = created["id"].as_i64().expect("a number");
    let mut expected = book("Notes", &isbn(1));
    for (key, value) in [("id", json!(id)), ("owner_id", owner), ("updated_at", Value::Null)] {
        expected[key] = value;
    }
    expected["created_at"] = created["created_at"].clone();
    created["created_at"].as_str().expect("a time").parse::<jiff::Timestamp>().expect("a time");
    assert_eq!(created, expected);

    let path = format!("/books/{id}");
    // From the store, then from the cache.
    for _ in 0..2 {
        let answer = Visitor::new(app).get(&path).await.expect(200);
        assert_eq!(answer.json(), created);
        assert_eq!(answer.header("content-type"), "application/json");
    }

    let untouched = visitor.put(&path, &json!({})).await.expect(200).json();
    assert_eq!(untouched, created);
    let changed = visitor.put(&path, &json!({ "title": "Other notes", "quantity": 0, "year": 1844 })).await.expect(200);
    let changed = changed.json();
    expected["title"] = "Other notes".into();
    expected["quantity"] = 0.into();
    expected["published_year"] = 1844.into();
    expected["updated_at"] = changed["updated_at"].clone();
    assert!(changed["updated_at"].is_string());
    assert_eq!(changed, expected);
    assert_eq!(visitor.get(&path).await.expect(200).json(), expected);

    let deleted = visitor.delete(&path).await.expect(204);
    assert_eq!(deleted.text, "");
    visitor.get(&path).await.expect_detail(404, "Book not found");
    visitor.delete(&path).await.expect_detail(404, "Book not found");
    // The ISBN is free again.
    visitor.book("Notes", &isbn(1)).await;
}

pub async fn owners_alone_change_their_books(app: &TestApp) {
    let (ada, eve) = (Visitor::registered(app, "ada").await, Visitor::registered(app, "eve").await);
    let path = format!("/books/{}", ada.book("Notes", &isbn(1)).await);
    eve.put(&path, &json!({ "title": "Mine" })).await.expect_detail(403, "Not authorized to update this book");
    eve.put(&path, &json!({})).await.expect_detail(403, "Not authorized to update this book");
    eve.delete(&path).await.expect_detail(403, "Not authorized to delete this book");
    assert_eq!(eve.get(&path).await.expect(200).json()["title"], "Notes");
    ada.delete(&path).await.expect(204);
}

pub async fn missing_books_are_not_found(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    for id in ["999999", "0", "-1", "9223372036854775807", "99999999999999999999"] {
        let path = format!("/books/{id}");
        visitor.get(&path).await.expect_detail(404, "Book not found");
        visitor.put(&path, &json!({ "title": "Notes" })).await.expect_detail(404, "Book not found");
        visitor.delete(&path).await.expect_detail(404, "Book not found");
    }
    for id in ["one", "1.5", "1e3", "%20", "1%00", "-"] {
        for method in [Method::GET, Method::DELETE, Method::PUT] {
            let answer = visitor.raw(method, &format!("/books/{id}"), "{}").await.expect(422);
            assert_eq!(answer.json()["detail"][0]["loc"], json!(["path", "id"]), "{id}");
        }
    }
}

pub async fn taken_isbns_conflict(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    visitor.book("Notes", "978-1234567890").await;
    let other = visitor.book("Other", "0-8044-2957-X").await;
    for taken in ["978-1234567890", "9781234567890", "978-1-234-56789-0"] {
        visitor.post("/books/", &book("Copy", taken)).await.expect_detail(409, "ISBN already registered");
        let change = json!({ "title": "Copy", "isbn": taken });
        visitor.put(&format!("/books/{other}"), &change).await.expect_detail(409, "ISBN already registered");
    }
    assert_eq!(visitor.get(&format!("/books/{other}")).await.json()["title"], "Other");
    // One's own is not taken.
    let change = json!({ "isbn": "080442957X" });
    visitor.put(&format!("/books/{other}"), &change).await.expect(200);
}

pub async fn lost_races_for_an_isbn_conflict(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    let new = book("Notes", &isbn(1));
    let answers = join_all((0..8).map(|_| visitor.post("/books/", &new))).await;
    let won = answers.iter().filter(|answer| answer.status == 201).count();
    let lost = answers.iter().filter(|answer| answer.status == 409).count();
    assert_eq!((won, lost), (1, 7), "{answers:?}");

    let ids = join_all((2..6).map(async |n| visitor.book("Notes", &isbn(n)).await)).await;
    let wanted = json!({ "isbn": isbn(9) });
    let answers = join_all(ids.iter().map(async |id| visitor.put(&format!("/books/{id}"), &wanted).await)).await;
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1, "{answers:?}");
    assert_eq!(visitor.get("/books/").await.expect(200).json().as_array().expect("a list").len(), 5);
}

pub async fn racing_deletions_succeed_once(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    let path = format!("/books/{}", visitor.book("Notes", &isbn(1)).await);
    let change = json!({ "title": "Late" });
    let (deletions, changes) = tokio::join!(
        join_all((0..6).map(|_| visitor.delete(&path))),
        join_all((0..6).map(|_| visitor.put(&path, &change))),
    );
    assert_eq!(deletions.iter().filter(|answer| answer.status == 204).count(), 1, "{deletions:?}");
    assert!(deletions.iter().all(|answer| matches!(answer.status.as_u16(), 204 | 404)), "{deletions:?}");
    assert!(changes.iter().all(|answer| matches!(answer.status.as_u16(), 200 | 404)), "{changes:?}");
    visitor.get(&path).await.expect(404);
}

pub async fn lists_are_cut_and_filtered(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    let mut ids = Vec::new();
    for n in 0..5 {
        let mut new = book(&format!("Book {n}"), &isbn(n));
        new["category"] = if n % 2 == 0 { "Even".into() } else { "Odd".into() };
        ids.push(visitor.post("/books/", &new).await.expect(201).json()["id"].as_i64());
    }
    let list = async |query: &str| -> Vec<Option<i64>> {
        let books = Visitor::new(app).get(&format!("/books/{query}")).await.expect(200).json();
        books.as_array().expect("a list").iter().map(|book| book["id"].as_i64()).collect()
    };
    assert_eq!(list("").await, ids);
    assert_eq!(list("?skip=1&limit=2").await, ids[1..3]);
    assert_eq!(list("?skip=5").await, []);
    assert_eq!(list("?skip=9223372036854775807").await, []);
    assert_eq!(list("?limit=100").await, ids);
    assert_eq!(list("?category=Even").await, [ids[0], ids[2], ids[4]]);
    assert_eq!(list("?category=Even&skip=1&limit=1").await, [ids[2]]);
    assert_eq!(list("?category=even").await, []);
    assert_eq!(list("?category=Eve").await, []);
    assert_eq!(list("?category=Odd&search=book%203").await, [ids[3]]);
    assert_eq!(list("?unknown=1").await, ids);
}

pub async fn searches_take_their_text_literally(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    for (n, (title, author)) in [
        ("100% Rust", "Ada"),
        ("snake_case", "Grace"),
        ("Café à Paris", "ÉMILE ZOLA"),
        ("Plain", r"back\slash"),
        ("Die Straße", "ΟΔΥΣΣΕΑΣ ΕΛΥΤΗΣ"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut new = book(title, &isbn(n));
        new["author"] = author.into();
        visitor.post("/books/", &new).await.expect(201);
    }
    let search = async |text: &str| -> Vec<String> {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("search", text).finish();
        let books = visitor.get(&format!("/books/?{query}")).await.expect(200).json();
        let titles =
            books.as_array().expect("a list").iter().map(|book| book["title"].as_str().unwrap_or("").to_owned());
        titles.collect()
    };
    assert_eq!(search("rust").await, ["100% Rust"]);
    assert_eq!(search("GRACE").await, ["snake_case"]);
    assert_eq!(search("%").await, ["100% Rust"]);
    assert_eq!(search("_").await, ["snake_case"]);
    assert_eq!(search("\\").await, ["Plain"]);
    assert_eq!(search("CAFÉ").await, ["Café à Paris"]);
    assert_eq!(search("émile").await, ["Café à Paris"]);
    assert_eq!(search("'; DROP TABLE books; --").await, [""; 0]);
    for text in ["strasse", "STRASSE", "Straße", "STRAẞE", "οδυσσεας ελυτης", "ΕΛΥΤΗΣ", "ελυτησ", "σσεασ"]
    {
        assert_eq!(search(text).await, ["Die Straße"], "{text}");
    }
    assert_eq!(search("").await.len(), 5);
}

pub async fn optional_fields_are_cleared_by_null(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    let path = format!("/books/{}", visitor.book("Notes", &isbn(1)).await);
    let nulls = json!({ "description": null, "price": null, "category": null, "published_year": null });
    let cleared = visitor.put(&path, &nulls).await.expect(200).json();
    for field in ["description", "price", "category", "published_year"] {
        assert!(cleared[field].is_null(), "{field}");
    }
    assert_eq!((&cleared["title"], &cleared["quantity"]), (&json!("Notes"), &json!(3)));
    assert_eq!(visitor.get(&path).await.expect(200).json(), cleared);

    let bare = json!({ "title": "Bare", "author": "A", "isbn": isbn(2) });
    let bare = visitor.post("/books/", &bare).await.expect(201).json();
    assert_eq!((&bare["quantity"], &bare["price"], &bare["category"]), (&json!(0), &Value::Null, &Value::Null));
}
