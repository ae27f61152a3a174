//! Handlers in the style of web frameworks: extractors as patterns, `impl Reply`, errors that convert by `?`.

use std::collections::HashMap;
use std::sync::Arc;

use traced::testing::capture_async;
use traced::traced;

struct State<T>(T);
struct Path<T>(T);
struct Query<T>(T);
struct Json<T>(T);

#[derive(Clone)]
struct App {
    books: Arc<HashMap<i64, String>>,
}

#[derive(Debug)]
enum Failure {
    NotFound,
    Parse(std::num::ParseIntError),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotFound => f.write_str("not found"),
            Self::Parse(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<std::num::ParseIntError> for Failure {
    fn from(error: std::num::ParseIntError) -> Self {
        Self::Parse(error)
    }
}

trait Reply {
    fn status(&self) -> u16;
}

impl<T> Reply for Json<T> {
    fn status(&self) -> u16 {
        200
    }
}

impl<T: Reply, E> Reply for Result<T, E> {
    fn status(&self) -> u16 {
        self.as_ref().map_or(500, Reply::status)
    }
}

#[traced(name = format!("GET /books/{id}"), kind = server, attrs(book.id = id.as_str()), err(expected(Failure::NotFound)))]
async fn get_book(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<String>, Failure> {
    let id: i64 = id.parse()?;
    let title = app.books.get(&id).ok_or(Failure::NotFound)?;
    let title = if query.contains_key("upper") { title.to_uppercase() } else { title.clone() };
    Ok(Json(title))
}

#[traced(ret(|reply| attrs(http.response.status_code = reply.status())))]
async fn list_books(State(App { books, .. }): State<App>) -> impl Reply {
    let mut titles: Vec<_> = books.values().cloned().collect();
    titles.sort();
    Json(titles)
}

#[traced]
async fn either(State(app): State<App>, id: i64) -> Result<impl Reply + use<>, (u16, &'static str)> {
    let Some(title) = app.books.get(&id) else {
        return Err((404, "no such book"));
    };
    Ok(Json(title.clone()))
}

#[traced(root, kind = consumer)]
async fn with_middleware<F, Fut, R>(
    next: F,
    header: Option<&str>,
) -> Result<R, Box<dyn std::error::Error + Send + Sync>>
where
    F: FnOnce(Option<String>) -> Fut,
    Fut: Future<Output = R>,
    R: Reply,
{
    let header = header.map(str::to_owned);
    Ok(next(header).await)
}

#[tokio::test]
async fn handlers() {
    let app = App { books: Arc::new(HashMap::from([(1, "Emma".to_owned())])) };
    let (_, spans) = capture_async(async {
        let upper = HashMap::from([("upper".to_owned(), String::new())]);
        let Json(title) = get_book(State(app.clone()), Path("1".into()), Query(upper)).await.unwrap();
        assert_eq!(title, "EMMA");
        assert!(get_book(State(app.clone()), Path("2".into()), Query(HashMap::new())).await.is_err());
        assert!(get_book(State(app.clone()), Path("x".into()), Query(HashMap::new())).await.is_err());
        assert_eq!(list_books(State(app.clone())).await.status(), 200);
        assert!(either(State(app.clone()), 3).await.is_err());
        let reply = with_middleware(async |header| Json(header), Some("a")).await.unwrap();
        assert_eq!(reply.0.as_deref(), Some("a"));
    })
    .await;
    assert_eq!(
        spans.to_string(),
        r#"GET /books/1 (server)
  book.id = "1"
GET /books/2 (server)
  book.id = "2"
  traced.expected_error = "real_world::handlers::Failure"
GET /books/x (server): error "invalid digit found in string"
  book.id = "x"
  error.type = "real_world::handlers::Failure"
  * exception, exception.type = "real_world::handlers::Failure", exception.message = "invalid digit found in string"
list_books
  http.response.status_code = 200
either: error "(404, \"no such book\")"
  error.type = "(u16, &str)"
  * exception, exception.type = "(u16, &str)", exception.message = "(404, \"no such book\")"
with_middleware (consumer)
"#
    );
}
