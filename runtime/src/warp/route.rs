//! The marker that names a route.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use opentelemetry::Context;
use warp::Filter;

use super::request::Request;
use crate::telemetry::{Warning, wrong_use};

/// Names the route that a request has reached, by its template: put it after the filters that match the path.
///
/// The span becomes `GET /books/{id}`, with `http.route`. warp tells nobody which of its filters matched; without the
/// marker a span is named by its method alone, as the conventions ask where the route is not known.
///
/// ```
/// use warp::Filter;
///
/// let book = warp::path!("books" / i64)
///     .and(traced::warp::route("/books/{id}"))
///     .and(warp::get())
///     .map(|id: i64| format!("book {id}"));
/// ```
///
/// It passes every request on. When a request reaches several, the last one counts. Forgetting it on a route, or
/// [`trace`](super::trace) around it, is said once, as a [warning](crate::Warning).
pub fn route(template: &'static str) -> impl Filter<Extract = (), Error = Infallible> + Copy + Send + Sync + 'static {
    static SAID: AtomicBool = AtomicBool::new(false);
    warp::any()
        .map(move || {
            Context::map_current(|cx| match cx.get::<Arc<Request>>() {
                Some(request) => request.set_route(template),
                None => wrong_use::once(&SAID, || Warning::RouteUntraced { route: template }),
            });
        })
        .untuple_one()
}
