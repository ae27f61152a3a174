//! The guide's functions, annotated as the design shows them.

use std::fmt;

use opentelemetry::Value;
use opentelemetry::trace::{SpanKind, Status};
use traced::testing::{capture, capture_async};
use traced::{Attributes, ErrorType, traced};

#[derive(Debug, Clone, PartialEq)]
struct Book {
    id: i64,
    title: String,
    owner: i64,
}

#[derive(Attributes)]
#[attrs(prefix = "book.")]
struct NewBook {
    title: String,
    author: String,
    #[attrs(skip)]
    #[allow(dead_code)]
    description: String,
}

#[derive(Debug, ErrorType)]
enum Error {
    #[error_type("unauthorized")]
    Unauthorized,
    #[error_type("not_found", expected)]
    NotFound,
    #[error_type("conflict", sensitive)]
    Conflict(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthorized => f.write_str("Not authorized to delete this book"),
            Self::NotFound => f.write_str("Book not found"),
            Self::Conflict(value) => write!(f, "{value} is taken"),
        }
    }
}

impl std::error::Error for Error {}

#[traced(
    attrs(user.id = user_id, ..book),
    ok(|b| attrs(book.id = b.id), event("Book created successfully"), status = ok),
)]
async fn create_book(book: &NewBook, user_id: i64) -> Result<Book, Error> {
    if book.author == "taken" {
        return Err(Error::Conflict("ada@example.org".into()));
    }
    tokio::task::yield_now().await;
    Ok(Book { id: 7, title: book.title.clone(), owner: user_id })
}

#[traced(attrs(query.skip = skip, query.limit = limit),
         ok(|books| attrs(result.count = books.len()), event("Books retrieved", result.count = books.len())))]
async fn get_books(skip: i64, limit: i64) -> Result<Vec<Book>, Error> {
    Ok((skip..limit).map(|id| Book { id, title: String::new(), owner: 1 }).collect())
}

#[traced(attrs(book.id = id, user.id = user_id),
         ok(event("Book deleted successfully"), status = ok),
         none(event("Book not found"), status = error("Book not found")),
         err(|_| event("Unauthorized deletion attempt")))]
async fn delete_book(id: i64, user_id: i64) -> Result<Option<()>, Error> {
    if id == 404 {
        return Ok(None);
    }
    if id == 410 {
        Err(Error::NotFound)?;
    }
    if user_id != 1 {
        return Err(Error::Unauthorized);
    }
    Ok(Some(()))
}

#[traced(ret(|ok| attrs(verification.result = if *ok { "success" } else { "failed" }), status = ok))]
fn verify_password(password: &str, hash: &str) -> bool {
    password == hash
}

fn new_book(author: &str) -> NewBook {
    NewBook { title: "OpenTelemetry in Action".into(), author: author.into(), description: "secret".into() }
}

fn string(text: &str) -> Option<Value> {
    Some(Value::from(text.to_owned()))
}

#[tokio::test]
async fn create_book_says_who_and_what_and_which_id_it_got() {
    let (book, spans) = capture_async(create_book(&new_book("Ada"), 42)).await;
    assert_eq!(book.unwrap().owner, 42);
    let span = spans.named("create_book");
    assert_eq!(span.kind, SpanKind::Internal);
    assert_eq!(span.attribute("user.id"), Some(&Value::I64(42)));
    assert_eq!(span.attribute("book.title"), string("OpenTelemetry in Action").as_ref());
    assert_eq!(span.attribute("book.author"), string("Ada").as_ref());
    assert_eq!(span.attribute("book.description"), None);
    assert_eq!(span.attribute("book.id"), Some(&Value::I64(7)));
    assert!(span.event("Book created successfully").is_some());
    assert_eq!(span.status, Status::Ok);
    assert_eq!(span.scope, "guide");
}

#[tokio::test]
async fn a_sensitive_error_shows_its_type_alone() {
    let (result, spans) = capture_async(create_book(&new_book("taken"), 42)).await;
    assert!(result.is_err());
    let span = spans.named("create_book");
    assert_eq!(span.status, Status::error(""));
    assert_eq!(span.attribute("error.type"), string("conflict").as_ref());
    let exception = span.event("exception").expect("an exception event");
    assert_eq!(exception.attribute("exception.type"), string("guide::Error").as_ref());
    assert_eq!(exception.attribute("exception.message"), None);
    assert!(!format!("{spans:?}").contains("ada@example.org"));
}

#[tokio::test]
async fn get_books_counts_what_it_found() {
    let (_, spans) = capture_async(get_books(1, 4)).await;
    let span = spans.named("get_books");
    assert_eq!(span.attribute("query.skip"), Some(&Value::I64(1)));
    assert_eq!(span.attribute("result.count"), Some(&Value::I64(3)));
    assert_eq!(span.event("Books retrieved").unwrap().attribute("result.count"), Some(&Value::I64(3)));
    assert_eq!(span.status, Status::Unset);
}

#[tokio::test]
async fn delete_book_tells_success_absence_refusal_and_the_expected_apart() {
    let (_, spans) = capture_async(async {
        delete_book(1, 1).await.unwrap();
        delete_book(404, 1).await.unwrap();
        delete_book(2, 9).await.unwrap_err();
        delete_book(410, 1).await.unwrap_err();
    })
    .await;
    let [done, absent, refused, expected] = &spans[..] else { panic!("four spans: {spans:?}") };
    assert_eq!(done.status, Status::Ok);
    assert!(done.event("Book deleted successfully").is_some());

    assert_eq!(absent.status, Status::error("Book not found"));
    assert!(absent.event("Book not found").is_some());

    assert_eq!(refused.status, Status::error("Not authorized to delete this book"));
    assert_eq!(refused.attribute("error.type"), string("unauthorized").as_ref());
    let names: Vec<&str> = refused.events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["Unauthorized deletion attempt", "exception"]);

    assert_eq!(expected.status, Status::Unset);
    assert_eq!(expected.attribute("error.type"), None);
    assert_eq!(expected.attribute("traced.expected_error"), string("not_found").as_ref());
    assert!(expected.event("exception").is_none());
}

#[test]
fn verify_password_says_how_it_went_and_captures_nothing() {
    let (ok, spans) = capture(|| verify_password("s3cret-canary", "s3cret-canary"));
    assert!(ok);
    let span = spans.named("verify_password");
    assert_eq!(span.attribute("verification.result"), string("success").as_ref());
    assert_eq!(span.status, Status::Ok);
    assert!(!format!("{spans:?}").contains("canary"));
}
