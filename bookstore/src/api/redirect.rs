//! Paths that differ from a route's in their last slash alone.

use http::StatusCode;
use http::header::{HeaderValue, LOCATION};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::path::FullPath;

use super::Response;

/// Redirects to the canonical path; 307 keeps method and body.
pub(super) fn redirect() -> BoxedFilter<(Response,)> {
    let query = warp::query::raw().map(Some).or_else(|_| async { Ok::<_, warp::Rejection>((None,)) });
    warp::path::full()
        .and(query)
        .and_then(|path: FullPath, query: Option<String>| async move {
            let mut location = canonical(path.as_str()).ok_or_else(warp::reject)?;
            if let Some(query) = query {
                location = format!("{location}?{query}");
            }
            let mut response = Response::default();
            *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            let value = HeaderValue::try_from(location).map_err(|_| warp::reject())?;
            response.headers_mut().insert(LOCATION, value);
            Ok::<_, warp::Rejection>(response)
        })
        .boxed()
}

fn canonical(path: &str) -> Option<String> {
    if path == "/books" {
        return Some("/books/".into());
    }
    let short = path.strip_suffix('/')?;
    let book = || short.strip_prefix("/books/").is_some_and(|id| !id.is_empty() && !id.contains('/'));
    let known = matches!(short, "/health" | "/ready" | "/auth/register" | "/auth/login" | "/auth/me") || book();
    known.then(|| short.to_owned())
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn only_the_last_slash_is_put_right() {
        assert_eq!(canonical("/books").as_deref(), Some("/books/"));
        assert_eq!(canonical("/books/1/").as_deref(), Some("/books/1"));
        assert_eq!(canonical("/auth/me/").as_deref(), Some("/auth/me"));
        for path in ["/", "/books/", "/books/1", "/books//", "/books/1//", "//evil.example/", "/nothing/"] {
            assert_eq!(canonical(path), None, "{path}");
        }
    }
}
