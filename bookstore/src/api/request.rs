//! What a handler gets of a request.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Method};
use warp::Filter;
use warp::filters::BoxedFilter;

use super::body::{Body, Chunks};
use super::failure::Failure;
use crate::App;
use crate::auth::{User, get_current_user};

/// A request whose body nobody has read yet.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) query: String,
    pub(super) body: Body,
}

impl Request {
    /// The user who asks, before a byte of the body is read.
    pub(super) async fn user(&mut self, app: &App) -> Result<User, Failure> {
        let bearer = self.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        match get_current_user(app.store(), app.tokens(), bearer).await {
            Ok(user) => Ok(user),
            Err(error) => {
                self.body.discard().await;
                Err(error.into())
            }
        }
    }

    /// The last part of its media type's name, in lower case: `json`, `x-www-form-urlencoded`.
    pub(super) fn media_subtype(&self) -> Option<String> {
        let value = self.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let essence = value.split(';').next()?.trim();
        Some(essence.rsplit('/').next()?.to_ascii_lowercase())
    }
}

pub(super) fn request() -> BoxedFilter<(Request,)> {
    let query = warp::query::raw().or_else(|_| async { Ok::<_, warp::Rejection>((String::new(),)) });
    warp::method()
        .and(warp::header::headers_cloned())
        .and(query)
        .and(warp::body::stream().map(Chunks::of))
        .map(|method, headers: HeaderMap, query, chunks| {
            let body = Body::new(&headers, chunks);
            Request { method, headers, query, body }
        })
        .boxed()
}
