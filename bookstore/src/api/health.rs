//! `/`, `/health`, `/ready` and `/metrics`.

use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode};
use serde_json::json;
use traced::metrics::Prometheus;
use warp::Filter;
use warp::filters::BoxedFilter;

use super::failure::Failure;
use super::request::Request;
use super::{Answer, Response, json, resource};
use crate::App;

pub(super) fn routes(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let path = |name: &'static str| warp::path(name).and(warp::path::end()).boxed();
    resource("/", warp::path::end().boxed(), app, root)
        .or(resource("/health", path("health"), app, health))
        .unify()
        .or(resource("/ready", path("ready"), app, ready))
        .unify()
        .or(resource("/metrics", path("metrics"), app, metrics))
        .unify()
        .boxed()
}

async fn root(_: Arc<App>, request: Request) -> Answer {
    match request.method {
        Method::GET | Method::HEAD => json(
            StatusCode::OK,
            &json!({ "message": "Welcome to Book Store API", "docs": "/docs", "health": "/health" }),
        ),
        _ => Err(Failure::method_not_allowed("GET, HEAD")),
    }
}

async fn health(_: Arc<App>, request: Request) -> Answer {
    match request.method {
        Method::GET => json(StatusCode::OK, &json!({ "status": "healthy" })),
        _ => Err(Failure::method_not_allowed("GET")),
    }
}

async fn metrics(app: Arc<App>, request: Request) -> Answer {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return Err(Failure::method_not_allowed("GET, HEAD"));
    }
    let mut response = Response::new(app.metrics().into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(Prometheus::CONTENT_TYPE));
    Ok(response)
}

async fn ready(app: Arc<App>, request: Request) -> Answer {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return Err(Failure::method_not_allowed("GET, HEAD"));
    }
    let (store, cache) = tokio::join!(app.store().ping(), app.shelf().ping());
    let detail = match (store.is_ok(), cache.is_ok()) {
        (true, true) => return json(StatusCode::OK, &json!({ "status": "ready" })),
        (false, true) => "The database does not answer",
        (true, false) => "The cache does not answer",
        (false, false) => "The database and the cache do not answer",
    };
    Err(Failure::detail(StatusCode::SERVICE_UNAVAILABLE, detail))
}
