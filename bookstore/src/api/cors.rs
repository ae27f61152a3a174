//! Cross-origin requests, as the guide allows them: any origin, with credentials.

use http::HeaderMap;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, ORIGIN, VARY,
};
use warp::Filter;
use warp::filters::BoxedFilter;

use super::Response;

const METHODS: HeaderValue = HeaderValue::from_static("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT");

/// The page that asks, if a browser says so.
pub(super) fn origin() -> BoxedFilter<(Option<HeaderValue>,)> {
    warp::header::headers_cloned().map(|headers: HeaderMap| headers.get(ORIGIN).cloned()).boxed()
}

/// Answers a browser's question whether a page may ask.
pub(super) fn preflight() -> BoxedFilter<(Response,)> {
    let asks = |headers: HeaderMap| async move {
        let preflight = headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if preflight { Ok(headers) } else { Err(warp::reject()) }
    };
    warp::options()
        .and(warp::header::headers_cloned())
        .and_then(asks)
        .map(|headers: HeaderMap| {
            let mut response = Response::new("OK".into());
            let answer = response.headers_mut();
            answer.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
            if let Some(asked) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
                answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
            }
            response
        })
        .boxed()
}

/// Lets the page at `origin` read the response.
pub(super) fn allow(origin: Option<HeaderValue>, mut response: Response) -> Response {
    // The origin itself, since `*` is not allowed together with credentials.
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("X-Correlation-ID"));
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
    response
}
