//! Uses that compile and can't be meant are said once, with the remedy. The warnings are the process's, so these tests have
//! one to themselves.

use std::sync::{Arc, Mutex};

use traced::opentelemetry_sdk::trace::InMemorySpanExporter;
use traced::{Telemetry, Warning};
use warp::http::StatusCode;
use warp::{Filter, Reply};

#[tokio::test]
async fn a_route_without_marker_and_a_marker_without_trace_are_each_said_once() {
    let said: Arc<Mutex<Vec<Warning>>> = Arc::default();
    let telemetry = {
        let said = Arc::clone(&said);
        Telemetry::builder()
            .environment(|_| None)
            .span_exporter(InMemorySpanExporter::default())
            .on_warning(move |warning| said.lock().unwrap().push(warning.clone()))
            .install()
            .unwrap()
    };
    let marked = warp::path!("marked").and(traced::warp::route("/marked")).map(warp::reply);
    let bare = warp::path!("bare").map(warp::reply);
    let hidden = warp::path!("hidden").map(warp::reply);
    let missing = warp::path!("missing").map(|| StatusCode::NOT_FOUND);
    let preflight = warp::options().map(warp::reply);
    let routes = marked.or(bare).or(hidden).or(missing).or(preflight);
    let service = traced::warp::trace().exclude("/hidden").wrap(routes.map(Reply::into_response));

    for (method, path) in
        [("GET", "/marked"), ("GET", "/hidden"), ("GET", "/missing"), ("GET", "/nowhere"), ("OPTIONS", "/bare")]
    {
        warp::test::request().method(method).path(path).reply(&service).await;
    }
    assert_eq!(*said.lock().unwrap(), [], "nothing is wrong with these");

    for _ in 0..3 {
        warp::test::request().path("/bare").reply(&service).await;
        warp::test::request().path("/marked").reply(&marked).await;
    }
    let warnings = said.lock().unwrap().clone();
    assert_eq!(warnings, [Warning::RouteMissing { method: "GET" }, Warning::RouteUntraced { route: "/marked" }]);
    let texts: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert!(texts[0].contains(".and(traced::warp::route(") && texts[0].contains("exclude("), "{texts:?}");
    assert!(texts[1].contains("/marked") && texts[1].contains("traced::warp::trace().wrap("), "{texts:?}");
    telemetry.shutdown().unwrap();
}
