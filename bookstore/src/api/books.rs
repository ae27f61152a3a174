//! `/books`.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::Value;
use warp::Filter;
use warp::filters::BoxedFilter;

use super::failure::Failure;
use super::input::{self, Fields};
use super::request::Request;
use super::{Answer, Response, json, json_text, resource};
use crate::books::{self, BookPatch, BookQuery, NewBook};
use crate::{App, edges};

const MOST_BOOKS: i64 = 100;

pub(super) fn routes(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let list = warp::path("books").and(warp::path::end()).boxed();
    let one = warp::path("books").and(warp::path::param()).and(warp::path::end());
    let app_of_one = Arc::clone(app);
    let one = one
        .and(edges::route("/books/{id}"))
        .and(super::request::request())
        .then(move |id: String, request| super::failure::answer(book(Arc::clone(&app_of_one), id, request)));
    resource("/books/", list, app, collection).or(one).unify().boxed()
}

async fn collection(app: Arc<App>, request: Request) -> Answer {
    match request.method {
        Method::GET | Method::HEAD => list(&app, &request.query).await,
        Method::POST => create(app, request).await,
        _ => Err(Failure::method_not_allowed("GET, HEAD, POST")),
    }
}

async fn book(app: Arc<App>, id: String, request: Request) -> Answer {
    match request.method {
        Method::GET | Method::HEAD => read(&app, &id).await,
        Method::PUT => update(app, &id, request).await,
        Method::DELETE => delete(app, &id, request).await,
        _ => Err(Failure::method_not_allowed("GET, HEAD, PUT, DELETE")),
    }
}

/// The number in the path. One that no book can have is a number all the same.
fn number(id: &str) -> Result<i64, Failure> {
    let digits = id.strip_prefix(['+', '-']).unwrap_or(id);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return id.parse().map_err(|_| Failure::from(books::Error::NotFound));
    }
    let mut path = Fields::single("path", "id", id);
    path.required("id", input::integer_text(i64::MIN, i64::MAX));
    path.finish().and_then(|()| Err(Failure::internal("a wrong number was not noticed")))
}

async fn list(app: &App, query: &str) -> Answer {
    let mut fields = Fields::urlencoded("query", query.as_bytes());
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let query = BookQuery {
        skip: fields.optional("skip", input::integer_text(0, i64::MAX)).unwrap_or(0),
        limit: fields.optional("limit", input::integer_text(1, MOST_BOOKS)).unwrap_or(MOST_BOOKS),
        category: given(fields.optional("category", input::text(0, usize::MAX))),
        search: given(fields.optional("search", input::text(0, usize::MAX))),
    };
    fields.finish()?;
    let current = traced::current();
    current.set_attribute("pagination.skip", &query.skip);
    current.set_attribute("pagination.limit", &query.limit);
    let books = books::get_books(app.store(), &query).await?;
    current.set_attribute("result.count", &books.len());
    json(StatusCode::OK, &books)
}

async fn create(app: Arc<App>, mut request: Request) -> Answer {
    let user = request.user(&app).await?;
    let new = new_book(request).await?;
    let current = traced::current();
    current.set_attribute("user.id", &user.id);
    current.set_attribute("user.username", user.username.as_str());
    current.set_attribute("book.title", new.title.as_str());
    books::validate_book_data(&new.title)?;
    let book = edges::to_the_end(async move {
        let book = books::create_book(app.store(), &new, user.id).await?;
        // Readers who asked for it a moment too early have looked it up in the cache.
        let _ = books::invalidate(app.shelf(), book.id).await;
        Ok::<_, Failure>(book)
    })
    .await?;
    current.add_event("Book created successfully");
    json(StatusCode::CREATED, &book)
}

async fn read(app: &App, id: &str) -> Answer {
    let body = books::get_book(app.store(), app.shelf(), number(id)?).await?;
    Ok(json_text(StatusCode::OK, body))
}

async fn update(app: Arc<App>, id: &str, mut request: Request) -> Answer {
    let user = request.user(&app).await?;
    let id = number(id)?;
    let patch = book_patch(request).await?;
    if let Some(title) = &patch.title {
        books::validate_book_data(title)?;
    }
    let book = edges::to_the_end(async move {
        let updated = books::update_book(app.store(), id, user.id, &patch).await;
        if may_have_changed(&updated) {
            let _ = books::invalidate(app.shelf(), id).await;
        }
        updated.map_err(Failure::from)
    })
    .await?;
    json(StatusCode::OK, &book)
}

async fn delete(app: Arc<App>, id: &str, mut request: Request) -> Answer {
    let user = request.user(&app).await?;
    let id = number(id)?;
    let deleted = edges::to_the_end(async move {
        let deleted = books::delete_book(app.store(), id, user.id).await;
        if may_have_changed(&deleted) && !matches!(deleted, Ok(None)) {
            let _ = books::invalidate(app.shelf(), id).await;
        }
        deleted.map_err(Failure::from)
    })
    .await?;
    deleted.ok_or(books::Error::NotFound)?;
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// Whether the store may be another than before: a statement whose answer was lost may have been executed.
fn may_have_changed<T>(result: &Result<T, books::Error>) -> bool {
    matches!(result, Ok(_) | Err(books::Error::Store(_)))
}

async fn new_book(request: Request) -> Result<NewBook, Failure> {
    let media_subtype = request.media_subtype();
    let mut fields = Fields::json(&request.body.read().await?, media_subtype.as_deref())?;
    // Short titles are not an issue of form: the business logic refuses them.
    let title = fields.required("title", input::text(0, 200));
    let author = fields.required("author", input::text(1, 100));
    let isbn = fields.required("isbn", input::isbn);
    let description = fields.nullable("description", input::text(0, usize::MAX)).flatten();
    let price = fields.nullable("price", input::positive).flatten();
    let quantity = fields.optional("quantity", quantity).unwrap_or(0);
    let category = fields.nullable("category", input::text(1, 50)).flatten();
    let published_year = fields.nullable(year_field(&fields), year).flatten();
    fields.finish()?;
    match (title, author, isbn) {
        (Some(title), Some(author), Some(isbn)) => {
            Ok(NewBook { title, author, isbn, description, price, quantity, category, published_year })
        }
        _ => Err(Failure::internal("a missing field was not noticed")),
    }
}

async fn book_patch(request: Request) -> Result<BookPatch, Failure> {
    let media_subtype = request.media_subtype();
    let mut fields = Fields::json(&request.body.read().await?, media_subtype.as_deref())?;
    let patch = BookPatch {
        title: fields.optional("title", input::text(0, 200)),
        author: fields.optional("author", input::text(1, 100)),
        isbn: fields.optional("isbn", input::isbn),
        description: fields.nullable("description", input::text(0, usize::MAX)),
        price: fields.nullable("price", input::positive),
        quantity: fields.optional("quantity", quantity),
        category: fields.nullable("category", input::text(1, 50)),
        published_year: fields.nullable(year_field(&fields), year),
    };
    fields.finish()?;
    Ok(patch)
}

/// `published_year`, or `year` as the guide's own example calls it.
fn year_field(fields: &Fields) -> &'static str {
    if fields.contains("published_year") { "published_year" } else { "year" }
}

fn quantity(value: &Value) -> Result<i32, input::Broken> {
    input::integer(0, i32::MAX.into())(value).map(|number| i32::try_from(number).unwrap_or(i32::MAX))
}

fn year(value: &Value) -> Result<i32, input::Broken> {
    input::integer(1000, 9999)(value).map(|number| i32::try_from(number).unwrap_or(i32::MAX))
}
