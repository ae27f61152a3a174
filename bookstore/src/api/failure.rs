//! What is answered instead of what was asked for: `{"detail": ...}`, always.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use http::header::{ALLOW, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use super::input::Issue;
use super::{Answer, Response, json_text};
use crate::store::StoreError;
use crate::{auth, books};

/// A request that was not answered as asked.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    detail: serde_json::Value,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Failure {
    pub(super) fn detail(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: json!(detail.into()), header: None }
    }

    pub(super) fn not_found(detail: &str) -> Self {
        Self::detail(StatusCode::NOT_FOUND, detail)
    }

    pub(super) fn method_not_allowed(allow: &'static str) -> Self {
        Self::detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed").with(ALLOW, allow)
    }

    pub(super) fn invalid(issues: &[Issue]) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, detail: json!(issues), header: None }
    }

    /// A defect of this program: the reason is for its log alone.
    pub(super) fn internal(reason: &str) -> Self {
        report(reason);
        Self::detail(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
    }

    fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.header = Some((name, HeaderValue::from_static(value)));
        self
    }

    pub(super) fn into_response(self) -> Response {
        let mut response = json_text(self.status, json!({ "detail": self.detail }).to_string());
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unavailable(_) => {
                report(&error.to_string());
                Self::detail(StatusCode::SERVICE_UNAVAILABLE, "The database does not answer; try again later")
                    .with(RETRY_AFTER, "1")
            }
            StoreError::Taken(_) => Self::detail(StatusCode::CONFLICT, "Already registered"),
            StoreError::Failed(_) => Self::internal(&error.to_string()),
        }
    }
}

impl From<auth::Error> for Failure {
    fn from(error: auth::Error) -> Self {
        use auth::Error::{
            EmailTaken, Hashing, Inactive, Signing, Store, Unauthenticated, UsernameTaken, WrongCredentials,
        };
        let text = error.to_string();
        match error {
            WrongCredentials | Unauthenticated => {
                Self::detail(StatusCode::UNAUTHORIZED, text).with(WWW_AUTHENTICATE, "Bearer")
            }
            Inactive | UsernameTaken | EmailTaken => Self::detail(StatusCode::BAD_REQUEST, text),
            Hashing | Signing => Self::internal(&text),
            Store(error) => error.into(),
        }
    }
}

impl From<books::Error> for Failure {
    fn from(error: books::Error) -> Self {
        use books::Error::{Encoding, IsbnTaken, NotFound, NotOwner, Store, TitleTooShort};
        let text = error.to_string();
        match error {
            TitleTooShort => Self::detail(StatusCode::BAD_REQUEST, text),
            NotOwner(_) => Self::detail(StatusCode::FORBIDDEN, text),
            NotFound => Self::detail(StatusCode::NOT_FOUND, text),
            IsbnTaken => Self::detail(StatusCode::CONFLICT, text),
            Encoding => Self::internal(&text),
            Store(error) => error.into(),
        }
    }
}

/// The response of a handler, whatever became of it.
pub(super) async fn answer(handler: impl Future<Output = Answer>) -> Response {
    // A panic would close the connection without a word. Its text may hold anything: it stays off the answer.
    match AssertUnwindSafe(handler).catch_unwind().await {
        Ok(Ok(response)) => response,
        Ok(Err(failure)) => failure.into_response(),
        Err(_) => Failure::internal("a handler panicked").into_response(),
    }
}

/// A line for whoever runs the service, with what it takes to find the request.
fn report(reason: &str) {
    let trace = traced::current().trace_id();
    let correlation = traced::warp::correlation_id();
    // The client's own text: an e-mail address is for no log.
    let correlation = correlation.as_deref().filter(|id| !id.contains('@')).unwrap_or("none");
    crate::log::line(format!("bookstore: error: {reason} (trace {trace}, correlation {correlation})"));
}
