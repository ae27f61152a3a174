//! Registering, logging in, oneself.

// A case's name says what it shows.
#![allow(missing_docs)]

use http::Method;
use serde_json::{Value, json};

use super::TestApp;
use super::api::{Visitor, isbn, registration};

pub async fn the_guides_commands_work(app: &TestApp) {
    let visitor = Visitor::new(app);
    visitor.get("/health").await.expect(200);
    let user = r#"{ "username": "testuser", "email": "test@example.com", "password": "Test123!" }"#;
    visitor.raw(Method::POST, "/auth/register", user).await.expect(201);
    let form = visitor.request(Method::POST, "/auth/login").header("content-type", "application/x-www-form-urlencoded");
    let token = visitor.send(form.body("username=testuser&password=Test123!")).await.expect(200).json();
    assert_eq!(token["token_type"], "bearer");
    let visitor = visitor.with_token(token["access_token"].as_str().expect("a token"));
    let book = r#"{ "title": "OpenTelemetry in Action", "author": "John Doe",
        "description": "Learn distributed tracing", "year": 2025, "isbn": "978-1234567890" }"#;
    let book = visitor.raw(Method::POST, "/books/", book).await.expect(201).json();
    assert_eq!(book["published_year"], 2025);
    assert_eq!(visitor.get("/books/").await.expect(200).json(), json!([book]));
}

pub async fn registering_answers_the_user_and_no_password(app: &TestApp) {
    let visitor = Visitor::new(app);
    let mut new = registration("ada");
    new["email"] = "Ada.Lovelace@EXAMPLE.Org".into();
    new["full_name"] = "Ada Lovelace".into();
    let answer = visitor.post("/auth/register", &new).await.expect(201);
    let user = answer.json();
    let keys: Vec<&String> = user.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["created_at", "email", "full_name", "id", "is_active", "username"]);
    assert_eq!(user["email"], "Ada.Lovelace@example.org");
    assert_eq!((&user["full_name"], &user["is_active"]), (&json!("Ada Lovelace"), &json!(true)));
    user["created_at"].as_str().expect("a time").parse::<jiff::Timestamp>().expect("a time");
    assert!(!answer.text.contains("Test123!") && !answer.text.contains("argon2"), "{}", answer.text);
    let me = visitor.logged_in("ada").await.get("/auth/me").await.expect(200);
    assert_eq!(me.json(), user);
}

pub async fn taken_names_and_addresses_are_refused(app: &TestApp) {
    let visitor = Visitor::new(app);
    visitor.post("/auth/register", &registration("ada")).await.expect(201);
    let taken = |username: &str, email: &str| json!({ "username": username, "email": email, "password": "Test123!" });
    let register = async |user: Value| visitor.post("/auth/register", &user).await;
    register(taken("ada", "other@example.org")).await.expect_detail(400, "Username already registered");
    register(taken("ada", "ada@example.org")).await.expect_detail(400, "Username already registered");
    register(taken("eve", "ada@example.org")).await.expect_detail(400, "Email already registered");
    register(taken("eve", "ada@EXAMPLE.ORG")).await.expect_detail(400, "Email already registered");
    visitor.login("eve", "Test123!").await.expect(401);
    // Another name by its case.
    register(taken("Ada", "other@example.org")).await.expect(201);
}

pub async fn lost_races_for_a_name_are_refused(app: &TestApp) {
    let visitor = Visitor::new(app);
    let same_name =
        (0..8).map(|n| json!({ "username": "ada", "email": format!("ada{n}@example.org"), "password": "Test123!" }));
    let same_email =
        (0..8).map(|n| json!({ "username": format!("eve{n}"), "email": "eve@example.org", "password": "Test123!" }));
    let all: Vec<Value> = same_name.chain(same_email).collect();
    let answers = futures_util::future::join_all(all.iter().map(|user| visitor.post("/auth/register", user))).await;
    for (answers, detail) in
        [(&answers[..8], "Username already registered"), (&answers[8..], "Email already registered")]
    {
        let won = answers.iter().filter(|answer| answer.status == 201).count();
        let lost = answers.iter().filter(|answer| answer.status == 400 && answer.json()["detail"] == detail).count();
        assert_eq!((won, lost), (1, 7), "{answers:?}");
    }
}

pub async fn login_is_refused_alike(app: &TestApp) {
    let visitor = Visitor::new(app);
    visitor.post("/auth/register", &registration("ada")).await.expect(201);
    let long = format!("Test123!{}", "x".repeat(100));
    for (username, password) in [("ada", "wrong"), ("nobody", "Test123!"), ("ada", "Test123! "), ("ada", &long)] {
        let answer = visitor.login(username, password).await;
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        answer.expect_detail(401, "Incorrect username or password");
    }
    visitor.login("ada", "Test123!").await.expect(200);
}

pub async fn login_takes_a_form(app: &TestApp) {
    let visitor = Visitor::new(app);
    visitor.post("/auth/register", &registration("ada")).await.expect(201);
    let as_json = visitor.post("/auth/login", &json!({ "username": "ada", "password": "Test123!" })).await.expect(422);
    assert_eq!(
        as_json.json()["detail"][0],
        json!({ "loc": ["body", "username"], "msg": "Field required", "type": "missing" })
    );
    visitor.login("ada", "").await.expect(422);
    visitor.login("a\0da", "Test123!").await.expect(422);
    visitor.login("ada", "Test\0").await.expect(422);
    let form = |body: &'static str| {
        let request = visitor.request(Method::POST, "/auth/login");
        request.header("content-type", "application/x-www-form-urlencoded; charset=utf-8").body(body)
    };
    visitor.send(form("username=ada")).await.expect(422);
    visitor.send(form("grant_type=password&username=ada&password=Test123%21&scope=")).await.expect(200);
}

pub async fn profiles_change_field_by_field(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    let before = visitor.get("/auth/me").await.expect(200).json();
    assert_eq!(visitor.put("/auth/me", &json!({})).await.expect(200).json(), before);

    let named = visitor.put("/auth/me", &json!({ "full_name": "Ada" })).await.expect(200).json();
    assert_eq!((&named["full_name"], &named["email"]), (&json!("Ada"), &before["email"]));
    let cleared = visitor.put("/auth/me", &json!({ "full_name": null })).await.expect(200).json();
    assert_eq!(cleared, before);
    let moved = visitor.put("/auth/me", &json!({ "email": "ada@NEW.example.org" })).await.expect(200).json();
    assert_eq!(moved["email"], "ada@new.example.org");
    // One's own address is not taken.
    visitor.put("/auth/me", &json!({ "email": "ada@new.example.org" })).await.expect(200);

    visitor.put("/auth/me", &json!({ "password": "another one" })).await.expect(200);
    visitor.login("ada", "Test123!").await.expect(401);
    visitor.login("ada", "another one").await.expect(200);
    assert_eq!(visitor.get("/auth/me").await.expect(200).json()["email"], "ada@new.example.org");
}

pub async fn taken_addresses_do_not_become_anybodys(app: &TestApp) {
    let (ada, eve) = (Visitor::registered(app, "ada").await, Visitor::registered(app, "eve").await);
    let taken = json!({ "email": "ada@example.org", "full_name": "Eve" });
    eve.put("/auth/me", &taken).await.expect_detail(400, "Email already registered");
    let unchanged = eve.get("/auth/me").await.expect(200).json();
    assert_eq!((&unchanged["email"], &unchanged["full_name"]), (&json!("eve@example.org"), &Value::Null));

    let wanted = json!({ "email": "wanted@example.org" });
    let (first, second) = tokio::join!(ada.put("/auth/me", &wanted), eve.put("/auth/me", &wanted));
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
}

pub async fn inactive_users_are_refused(app: &TestApp) {
    let visitor = Visitor::registered(app, "ada").await;
    app.backdoor().deactivate("ada").await;
    visitor.get("/auth/me").await.expect_detail(400, "Inactive user");
    visitor.put("/auth/me", &json!({ "full_name": "Ada" })).await.expect_detail(400, "Inactive user");
    visitor.post("/books/", &super::api::book("Notes", &isbn(1))).await.expect_detail(400, "Inactive user");
}
