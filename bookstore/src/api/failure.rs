//! What is answered instead of what was asked for: `{"detail": ...}`, always.

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

/// The response of a handler, whatever it answers.
pub(super) async fn answer(handler: impl Future<Output = Answer>) -> Response {
    handler.await.unwrap_or_else(Failure::into_response)
}

/// A record for whoever runs the service; with it go the ids of trace and request.
fn report(reason: &str) {
    tracing::error!("{reason}");
}
