//! The HTTP interface: one file a resource.

mod auth;
mod body;
mod books;
mod cors;
mod failure;
mod health;
mod input;
mod redirect;
mod request;

use std::convert::Infallible;
use std::sync::Arc;

use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use warp::Filter;
use warp::filters::BoxedFilter;

use self::failure::Failure;
use self::request::{Request, request};
use crate::App;
use crate::edges;

type Response = warp::reply::Response;
type Answer = Result<Response, Failure>;

/// The whole service, as a warp filter that answers every request.
pub fn routes(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let resources = cors::preflight()
        .or(redirect::redirect())
        .unify()
        .or(health::routes(app))
        .unify()
        .or(auth::routes(app))
        .unify()
        .or(books::routes(app))
        .unify()
        // What is rejected is what no route matched: handlers answer, they do not reject.
        .or_else(|_| async { Ok::<_, Infallible>((Failure::not_found("Not Found").into_response(),)) });
    // Its text may hold anything: it stays off the answer.
    let panicked = || Failure::internal("a handler panicked").into_response();
    cors::origin().and(edges::traced(resources.boxed(), panicked)).map(cors::allow).boxed()
}

/// A resource: `path` has matched the segments of `template`, and `handler` answers, whatever the method.
fn resource<H, F>(template: &'static str, path: BoxedFilter<()>, app: &Arc<App>, handler: H) -> BoxedFilter<(Response,)>
where
    H: Fn(Arc<App>, Request) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let app = Arc::clone(app);
    path.and(edges::route(template))
        .and(request())
        .then(move |request| failure::answer(handler(Arc::clone(&app), request)))
        .boxed()
}

fn json<T: Serialize>(status: StatusCode, body: &T) -> Answer {
    let text = serde_json::to_string(body).map_err(|_| Failure::internal("an answer could not be encoded"))?;
    Ok(json_text(status, text))
}

fn json_text(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}
