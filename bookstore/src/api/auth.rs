//! `/auth`: registering, logging in, and oneself.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::json;
use warp::Filter;
use warp::filters::BoxedFilter;

use super::failure::Failure;
use super::input::{self, Fields};
use super::request::Request;
use super::{Answer, Response, json, resource};
use crate::App;
use crate::auth::{self, ProfileChange, Registration};

pub(super) fn routes(app: &Arc<App>) -> BoxedFilter<(Response,)> {
    let path = |name: &'static str| warp::path("auth").and(warp::path(name)).and(warp::path::end()).boxed();
    resource("/auth/register", path("register"), app, register)
        .or(resource("/auth/login", path("login"), app, login))
        .unify()
        .or(resource("/auth/me", path("me"), app, me))
        .unify()
        .boxed()
}

async fn register(app: Arc<App>, request: Request) -> Answer {
    if request.method != Method::POST {
        return Err(Failure::method_not_allowed("POST"));
    }
    let media_subtype = request.media_subtype();
    let mut fields = Fields::json(&request.body.read().await?, media_subtype.as_deref())?;
    let username = fields.required("username", input::username);
    let email = fields.required("email", input::email);
    let password = fields.required("password", input::password);
    let full_name = fields.nullable("full_name", input::text(0, 100)).flatten();
    fields.finish()?;
    let (Some(username), Some(email), Some(password)) = (username, email, password) else {
        return Err(Failure::internal("a missing field was not noticed"));
    };
    let new = Registration { username, email, full_name, password };
    let user = auth::register(app.store(), app.passwords(), new).await?;
    json(StatusCode::CREATED, &user)
}

async fn login(app: Arc<App>, request: Request) -> Answer {
    if request.method != Method::POST {
        return Err(Failure::method_not_allowed("POST"));
    }
    let form = request.media_subtype().is_none_or(|subtype| subtype == "x-www-form-urlencoded");
    let body = request.body.read().await?;
    let mut fields = Fields::urlencoded("body", if form { &body } else { b"" });
    let username = fields.required("username", input::text(1, usize::MAX));
    let password = fields.required("password", input::text(1, usize::MAX));
    fields.finish()?;
    let (username, password) = (username.unwrap_or_default(), password.unwrap_or_default());
    let token = auth::login(app.store(), app.passwords(), app.tokens(), &username, password.into()).await?;
    json(StatusCode::OK, &json!({ "access_token": token, "token_type": "bearer" }))
}

async fn me(app: Arc<App>, mut request: Request) -> Answer {
    if !matches!(request.method, Method::GET | Method::HEAD | Method::PUT) {
        return Err(Failure::method_not_allowed("GET, HEAD, PUT"));
    }
    let user = request.user(&app).await?;
    if request.method != Method::PUT {
        return json(StatusCode::OK, &user);
    }
    let media_subtype = request.media_subtype();
    let mut fields = Fields::json(&request.body.read().await?, media_subtype.as_deref())?;
    let change = ProfileChange {
        email: fields.optional("email", input::email),
        full_name: fields.nullable("full_name", input::text(0, 100)),
        password: fields.optional("password", input::password),
    };
    fields.finish()?;
    let updated = auth::update_user(app.store(), app.passwords(), user, change).await?;
    json(StatusCode::OK, &updated)
}
