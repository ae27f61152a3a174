//! Where the service meets the outside: what is wrapped around it in spans.

use warp::Filter;
use warp::filters::BoxedFilter;

pub(crate) fn spawn_blocking<T: Send + 'static>(
    body: impl FnOnce() -> T + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    tokio::task::spawn_blocking(body)
}

/// Runs `work` to its end, even when the client who asked for it goes away: between a change of the store and the drop
/// of its cache entry a request must not stop.
pub(crate) async fn to_the_end<T, E>(work: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: Send + 'static,
{
    match tokio::spawn(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Not aborted by anybody: the runtime stops, and so does this future.
            Err(_) => std::future::pending().await,
        },
    }
}

pub(crate) fn route(_template: &'static str) -> BoxedFilter<()> {
    warp::any().boxed()
}

pub(crate) fn traced(routes: BoxedFilter<(warp::reply::Response,)>) -> BoxedFilter<(warp::reply::Response,)> {
    routes
}
