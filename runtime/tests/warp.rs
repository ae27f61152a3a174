//! Server spans of warp services: by warp's own test requests, and on real connections where those matter.

#[path = "warp/endings.rs"]
mod endings;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use opentelemetry::trace::{SpanKind, Status, TraceId};
use opentelemetry::{Array, Value};
use traced::testing::{Capture, CapturedSpan, Spans, capture_async};
use warp::http::StatusCode;
use warp::{Filter, Rejection, Reply};

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// The propagators are the process's; every test of this binary wants the same.
fn propagate() {
    use opentelemetry::propagation::TextMapCompositePropagator;
    use opentelemetry_sdk::propagation::BaggagePropagator;
    let both = TextMapCompositePropagator::new(vec![
        Box::new(traced::propagation::TraceContext::new()),
        Box::new(BaggagePropagator::new()),
    ]);
    opentelemetry::global::set_text_map_propagator(both);
}

#[traced::traced(attrs(book.id = id))]
async fn find_book(id: i64) -> String {
    tokio::task::yield_now().await;
    format!("book {id}")
}

async fn handle(id: i64) -> Result<Box<dyn Reply>, Rejection> {
    match id {
        0 => Err(warp::reject::not_found()),
        1 => Ok(Box::new(StatusCode::SERVICE_UNAVAILABLE)),
        2 => panic!("a handler panics"),
        3 => std::future::pending().await,
        id => Ok(Box::new(find_book(id).await)),
    }
}

fn routes() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let book = warp::path!("books" / i64).and(traced::warp::route("/books/{id}")).and(warp::get()).and_then(handle);
    let health = warp::path!("health").map(|| "ok");
    let healthz = warp::path!("healthz").map(|| "ok");
    let file = warp::path!("static" / String).map(|name: String| name);
    let whoami =
        warp::path!("whoami").map(|| traced::warp::correlation_id().map_or_else(String::new, |id| id.to_string()));
    book.or(health).or(healthz).or(file).or(whoami)
}

fn str<'s>(span: &'s CapturedSpan, key: &str) -> Option<std::borrow::Cow<'s, str>> {
    span.attribute(key).map(Value::as_str)
}

/// A server of its own on loopback, whose spans go to a capture.
struct Server {
    address: SocketAddr,
    capture: Capture,
    _task: tokio::task::JoinHandle<()>,
}

impl Server {
    async fn start(trace: traced::warp::Trace) -> Self {
        Self::serving(trace, routes()).await
    }

    async fn serving<F, R>(trace: traced::warp::Trace, routes: F) -> Self
    where
        F: Filter<Extract = (R,), Error = Rejection> + Clone + Send + Sync + 'static,
        R: Reply + 'static,
    {
        let capture = Capture::start();
        let service = {
            let _attached = capture.context().clone().attach();
            trace.wrap(routes)
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { address, capture, _task: tokio::spawn(warp::serve(service).incoming(listener).run()) }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Waits until `count` spans have ended: the server's end after their answers arrive.
    async fn spans(&self, count: usize) -> Spans {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let spans = self.capture.spans();
            if spans.len() >= count || Instant::now() > deadline {
                assert_eq!(spans.len(), count, "{spans:#?}");
                return spans;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

#[tokio::test]
async fn a_request_is_a_server_span_with_the_conventions_attributes() {
    propagate();
    let server = Server::start(traced::warp::trace()).await;
    let response = client()
        .get(server.url("/books/42?limit=3&token=secret"))
        .header("user-agent", "curl/8.0")
        .header("traceparent", TRACEPARENT)
        .send()
        .await
        .unwrap();
    assert_eq!(response.text().await.unwrap(), "book 42");

    let spans = server.spans(2).await;
    let span = spans.named("GET /books/{id}");
    assert_eq!(span.kind, SpanKind::Server);
    assert_eq!(span.status, Status::Unset);
    assert_eq!(span.span_context.trace_id(), TraceId::from_hex("0af7651916cd43dd8448eb211c80319c").unwrap());
    assert_eq!(span.parent_span_id.to_string(), "b7ad6b7169203331");
    let mut seen: Vec<(String, Value)> =
        span.attributes.iter().map(|kv| (kv.key.to_string(), kv.value.clone())).collect();
    seen.retain(|(key, _)| key != "network.peer.port");
    seen.sort_by(|a, b| a.0.cmp(&b.0));
    let expected: Vec<(String, Value)> = [
        ("client.address", "127.0.0.1".into()),
        ("http.request.method", "GET".into()),
        ("http.response.status_code", Value::I64(200)),
        ("http.route", "/books/{id}".into()),
        ("network.peer.address", "127.0.0.1".into()),
        ("network.protocol.version", "1.1".into()),
        ("server.address", "127.0.0.1".into()),
        ("server.port", Value::I64(i64::from(server.address.port()))),
        ("url.path", "/books/42".into()),
        ("url.query", "limit=3&token=REDACTED".into()),
        ("url.scheme", "http".into()),
        ("user_agent.original", "curl/8.0".into()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect();
    assert_eq!(seen, expected);
    assert!(matches!(span.attribute("network.peer.port"), Some(Value::I64(_))));

    let inner = spans.named("find_book");
    assert_eq!(inner.parent_span_id, span.span_id());
}

#[tokio::test]
async fn answers_rejections_and_errors_are_told_apart() {
    propagate();
    let service = traced::warp::trace().wrap(routes());
    let cases = [
        ("GET", "/books/7", "GET /books/{id}", 200, None),
        ("GET", "/books/0", "GET /books/{id}", 404, None),
        ("PUT", "/books/7", "PUT /books/{id}", 405, None),
        ("GET", "/books/1", "GET /books/{id}", 503, Some("503")),
        ("GET", "/nowhere", "GET", 404, None),
    ];
    for (method, path, name, status, error_type) in cases {
        let (response, spans) = capture_async(warp::test::request().method(method).path(path).reply(&service)).await;
        assert_eq!(response.status().as_u16(), status, "{method} {path}");
        let span = spans.named(name);
        assert_eq!(span.attribute("http.response.status_code"), Some(&Value::I64(i64::from(status))));
        assert_eq!(str(span, "error.type").as_deref(), error_type);
        let failed = matches!(span.status, Status::Error { .. });
        assert_eq!(failed, status >= 500, "{method} {path}: {:?}", span.status);
        assert_eq!(span.attribute("traced.cancelled"), None);
        assert_eq!(str(span, "http.route").is_some(), path.starts_with("/books"));
    }
}

#[tokio::test]
async fn a_method_that_clients_make_up_is_no_name() {
    propagate();
    let service = traced::warp::trace().wrap(routes());
    let (_, spans) = capture_async(warp::test::request().method("BREW").path("/books/7").reply(&service)).await;
    let span = spans.named("HTTP /books/{id}");
    assert_eq!(str(span, "http.request.method").as_deref(), Some("_OTHER"));
    assert_eq!(str(span, "http.request.method_original").as_deref(), Some("BREW"));
}

#[tokio::test]
async fn excluded_paths_have_no_span_and_hide_no_others() {
    propagate();
    let service = traced::warp::trace().exclude("/health").exclude("/static/*").wrap(routes());
    for (path, hidden) in [("/health", true), ("/static/a", true), ("/healthz", false), ("/books/7", false)] {
        let (response, spans) = capture_async(warp::test::request().path(path).reply(&service)).await;
        assert_eq!(response.status(), 200);
        assert_eq!(spans.is_empty(), hidden, "{path}");
    }
}

#[tokio::test]
async fn a_correlation_id_comes_back_as_sent_or_new() {
    propagate();
    let recovered = routes().recover(async |_: Rejection| Ok::<_, Infallible>(StatusCode::NOT_FOUND));
    let service = traced::warp::trace().correlation_id("x-correlation-id", "correlation.id").wrap(recovered);

    let request = warp::test::request().path("/whoami").header("x-correlation-id", "abc-1");
    let (response, spans) = capture_async(request.reply(&service)).await;
    assert_eq!(response.headers()["x-correlation-id"], "abc-1");
    assert_eq!(response.body(), "abc-1");
    assert_eq!(str(spans.named("GET"), "correlation.id").as_deref(), Some("abc-1"));

    // What is none is replaced and nowhere to be seen.
    let request = warp::test::request().path("/whoami").header("x-correlation-id", "ada@example.org");
    let (response, spans) = capture_async(request.reply(&service)).await;
    assert_eq!(response.headers()["x-correlation-id"].as_bytes(), response.body());
    assert!(!format!("{spans:?} {response:?}").contains("example.org"));

    // So is one that is too long, and a rejection that was recovered has it, too.
    let long = "x".repeat(129);
    let request = warp::test::request().path("/nowhere").header("x-correlation-id", &long);
    let (response, spans) = capture_async(request.reply(&service)).await;
    assert_eq!(response.status(), 404);
    let id = response.headers()["x-correlation-id"].to_str().unwrap().to_owned();
    assert_eq!(id.len(), 36);
    assert_eq!(str(spans.named("GET"), "correlation.id").as_deref(), Some(id.as_str()));

    // Nobody records, and it is there all the same.
    let response = warp::test::request().path("/whoami").reply(&service).await;
    assert_eq!(response.headers()["x-correlation-id"].as_bytes(), response.body());
    assert_eq!(traced::warp::correlation_id(), None);
}

#[tokio::test]
async fn chosen_headers_are_recorded() {
    propagate();
    let typed = warp::path!("page").map(|| warp::reply::html("<p>"));
    let service = traced::warp::trace().request_header("Accept").response_header("content-type").wrap(typed);
    let request = warp::test::request().path("/page").header("accept", "a").header("cookie", "secret");
    let (_, spans) = capture_async(request.reply(&service)).await;
    let array = |values: &[&'static str]| Value::Array(Array::String(values.iter().map(|&v| v.into()).collect()));
    assert_eq!(spans[0].attribute("http.request.header.accept"), Some(&array(&["a"])));
    assert_eq!(spans[0].attribute("http.response.header.content-type"), Some(&array(&["text/html; charset=utf-8"])));
    assert!(!format!("{spans:?}").contains("secret"));
}

#[tokio::test]
async fn proxies_are_believed_only_when_trusted() {
    propagate();
    let cases = [(traced::warp::trace(), "http", 80), (traced::warp::trace().trust_forwarded(), "https", 443)];
    for (trace, scheme, port) in cases {
        let trusted = scheme == "https";
        let service = trace.wrap(routes());
        let request = warp::test::request()
            .path("/books/7")
            .header("host", "internal")
            .header("forwarded", "for=192.0.2.7;proto=https;host=example.org")
            .remote_addr("10.0.0.1:9".parse().unwrap());
        let (_, spans) = capture_async(request.reply(&service)).await;
        let span = spans.named("GET /books/{id}");
        assert_eq!(str(span, "url.scheme").unwrap(), scheme);
        assert_eq!(span.attribute("server.port"), Some(&Value::I64(port)));
        assert_eq!(str(span, "server.address").unwrap(), if trusted { "example.org" } else { "internal" });
        assert_eq!(str(span, "client.address").unwrap(), if trusted { "192.0.2.7" } else { "10.0.0.1" });
        assert_eq!(str(span, "network.peer.address").unwrap(), "10.0.0.1");
    }
}

#[tokio::test]
async fn baggage_that_is_asked_for_is_recorded() {
    propagate();
    let service = traced::warp::trace().baggage("tenant").baggage("absent").wrap(routes());
    let request = warp::test::request().path("/books/7").header("baggage", "tenant=blue,secret=canary");
    let (_, spans) = capture_async(request.reply(&service)).await;
    let span = spans.named("GET /books/{id}");
    assert_eq!(str(span, "tenant").as_deref(), Some("blue"));
    assert_eq!(span.attribute("absent"), None);
    assert!(!format!("{spans:?}").contains("canary"));
}

#[tokio::test]
async fn a_client_that_hangs_up_is_a_cancelled_request() {
    propagate();
    let server = Server::start(traced::warp::trace()).await;
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_millis(100)).build().unwrap();
    client.get(server.url("/books/3")).send().await.unwrap_err();
    let spans = server.spans(1).await;
    let span = spans.named("GET /books/{id}");
    assert_eq!(span.attribute("traced.cancelled"), Some(&Value::Bool(true)));
    assert_eq!(span.status, Status::Unset);
    assert_eq!(span.attribute("http.response.status_code"), None);
}

/// Ten thousand requests, many at once, on connections that are kept alive, of which each has its own trace: every span must be where
/// its request is.
async fn concurrent(client: reqwest::Client, version: &str, requests: u64) {
    propagate();
    let server = Server::start(traced::warp::trace()).await;
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..20 {
        let (client, address) = (client.clone(), server.address);
        tasks.spawn(async move {
            for n in (lane..requests).step_by(20) {
                let url = format!("http://{address}/books/{}", n + 10);
                let parent = format!("00-{:032x}-{:016x}-01", n + 1, n + 1);
                let response = client.get(url).header("traceparent", parent).send().await.unwrap();
                assert_eq!(response.text().await.unwrap(), format!("book {}", n + 10));
            }
        });
    }
    tasks.join_all().await;
    let spans = server.spans(2 * usize::try_from(requests).unwrap()).await;
    let by_id: std::collections::HashMap<_, _> = spans.iter().map(|span| (span.span_id(), span)).collect();
    for inner in spans.iter().filter(|span| span.name == "find_book") {
        let outer = by_id[&inner.parent_span_id];
        let Some(Value::I64(id)) = inner.attribute("book.id") else { panic!("{inner:?}") };
        assert_eq!(str(outer, "url.path").unwrap(), format!("/books/{id}"));
        assert_eq!(str(outer, "network.protocol.version").unwrap(), version);
        assert_eq!(str(outer, "server.address").unwrap(), "127.0.0.1");
        assert_eq!(outer.attribute("server.port"), Some(&Value::I64(i64::from(server.address.port()))));
        assert_eq!(outer.span_context.trace_id().to_string(), format!("{:032x}", id - 9));
        assert_eq!(inner.span_context.trace_id(), outer.span_context.trace_id());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_requests_nest_rightly_over_http_1() {
    concurrent(client(), "1.1", 10_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_requests_nest_rightly_over_http_2() {
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    concurrent(client, "2", 10_000).await;
}
