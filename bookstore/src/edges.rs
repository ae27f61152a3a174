//! Where the service meets the outside: what is wrapped around it in spans.

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

/// Runs `work` to its end, even when the client who asked for it goes away: between a change of the store and the drop
/// of its cache entry a request must not stop.
pub(crate) async fn to_the_end<T, E>(work: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: Send + 'static,
{
    match traced::spawn(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Not aborted by anybody: the runtime stops, and so does this future.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Names the route that a request has reached.
pub(crate) fn route(template: &'static str) -> BoxedFilter<()> {
    traced::warp::route(template).boxed()
}

/// A server span and a correlation id for each request, and the answer to one whose handler `panicked`. Probes and what
/// browsers ask for by themselves get no span.
pub(crate) fn traced(
    routes: BoxedFilter<(Response,)>,
    panicked: impl Fn() -> Response + Send + Sync + 'static,
) -> BoxedFilter<(Response,)> {
    traced::warp::trace()
        .exclude("/health")
        .exclude("/metrics")
        .exclude("/favicon.ico")
        .correlation_id("x-correlation-id", "correlation.id")
        // What people look for may be a name or an e-mail address.
        .sensitive_query("search")
        .on_panic(panicked)
        .wrap(routes)
}
