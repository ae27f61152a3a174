//! A warp service whose requests are server spans: `cargo run -p traced --features warp,tokio --example warp`, then
//! `curl localhost:8000/books/42`.

use std::convert::Infallible;

use traced::{Telemetry, traced};
use warp::http::StatusCode;
use warp::{Filter, Rejection, Reply};

#[traced(attrs(book.id = id))]
async fn find_book(id: i64) -> Option<String> {
    (id < 100).then(|| format!("book {id}"))
}

async fn book(id: i64) -> Result<String, Rejection> {
    find_book(id).await.ok_or_else(warp::reject::not_found)
}

/// Rejections become answers here, beneath `trace`: so they have the correlation id, too.
async fn recover(rejection: Rejection) -> Result<impl Reply, Infallible> {
    let status = if rejection.is_not_found() { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
    Ok(warp::reply::with_status(status.to_string(), status))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let telemetry = Telemetry::builder().service_name("warp-example").console_when_unconfigured().install()?;

    let book = warp::path!("books" / i64).and(traced::warp::route("/books/{id}")).and(warp::get()).and_then(book);
    let health = warp::path!("health").map(|| "ok");
    let routes = traced::warp::trace()
        .exclude("/health")
        .correlation_id("x-correlation-id", "correlation.id")
        .response_header("content-type")
        .wrap(book.or(health).recover(recover));

    let stop = async { drop(tokio::signal::ctrl_c().await) };
    warp::serve(routes).bind(([127, 0, 0, 1], 8000)).await.graceful(stop).run().await;
    telemetry.shutdown()?;
    Ok(())
}
