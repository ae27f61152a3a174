//! How requests end: by an answer, a panic, the last byte of a stream, or a client that goes away.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use opentelemetry::Value;
use opentelemetry::trace::{Status, TraceId};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use traced::testing::capture_async;
use warp::http::StatusCode;
use warp::{Filter, Rejection, Reply};

use super::{Server, client, propagate, str};

type Chunk = Result<&'static str, std::io::Error>;

/// A reply that can't be made.
struct Unmakeable;

impl Reply for Unmakeable {
    fn into_response(self) -> warp::reply::Response {
        panic!("a reply panics")
    }
}

fn panicking() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let early =
        warp::path!("early").and(traced::warp::route("/early")).map(|| -> &'static str { panic!("a map panics") });
    let late = warp::path!("late").and(traced::warp::route("/late")).then(|| async {
        tokio::task::yield_now().await;
        let number = 7;
        if number > 0 {
            panic!("number {number} panics");
        }
        "never"
    });
    let reply = warp::path!("reply").and(traced::warp::route("/reply")).map(|| Unmakeable);
    let fine = warp::path!("fine").and(traced::warp::route("/fine")).map(|| "fine");
    early.or(late).or(reply).or(fine)
}

/// One request on `connection`, which is kept; the answer's head and body.
async fn exchange(connection: &mut TcpStream, path: &str) -> String {
    connection.write_all(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !(answer.ends_with(b"Error") || answer.ends_with(b"fine")) {
        let mut buffer = [0; 1024];
        let length = connection.read(&mut buffer).await.unwrap();
        assert!(length > 0, "the connection was closed: {}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&buffer[..length]);
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_panic_is_answered_and_recorded_and_the_connection_goes_on() {
    propagate();
    let server = Server::serving(traced::warp::trace(), panicking()).await;
    let mut connection = TcpStream::connect(server.address).await.unwrap();
    for (path, message) in
        [("/early", "a map panics"), ("/late", "number 7 panics"), ("/reply", "a reply panics"), ("/fine", "")]
    {
        let answer = exchange(&mut connection, path).await;
        assert!(!answer.contains("panics"), "{answer}");
        let status = if message.is_empty() { 200 } else { 500 };
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
    let spans = server.spans(4).await;
    for (path, message) in [("/early", "a map panics"), ("/late", "number 7 panics"), ("/reply", "a reply panics")] {
        let span = spans.named(&format!("GET {path}"));
        assert_eq!(str(span, "error.type").as_deref(), Some("panic"));
        assert_eq!(span.status, Status::error(format!("panicked: {message}")));
        assert_eq!(span.attribute("http.response.status_code"), Some(&Value::I64(500)));
        assert_eq!(span.attribute("traced.cancelled"), None);
        let exception = span.event("exception").unwrap();
        assert_eq!(exception.attribute("exception.type"), Some(&"panic".into()));
        assert_eq!(exception.attribute("exception.message"), Some(&message.to_owned().into()));
    }
    assert_eq!(spans.named("GET /fine").status, Status::Unset);
}

#[tokio::test]
async fn a_panic_spares_the_other_requests_of_an_http_2_connection() {
    propagate();
    let server = Server::serving(traced::warp::trace(), panicking()).await;
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let paths = ["/late", "/fine", "/early", "/fine"];
    let answers = paths.map(|path| client.get(server.url(path)).send());
    let statuses: Vec<u16> = futures_util::future::join_all(answers)
        .await
        .into_iter()
        .map(|answer| answer.unwrap().status().as_u16())
        .collect();
    assert_eq!(statuses, [500, 200, 500, 200]);
    server.spans(4).await;
}

#[tokio::test]
async fn what_a_panic_is_answered_with_can_be_chosen() {
    propagate();
    let trace = traced::warp::trace().correlation_id("x-correlation-id", "correlation.id");
    let teapot = trace.clone().on_panic(|| {
        // The request is current: a log record made here has its ids.
        assert!(traced::warp::correlation_id().is_some() && traced::current().trace_id() != TraceId::INVALID);
        warp::reply::with_status("{}", StatusCode::IM_A_TEAPOT)
    });
    let cases = [
        (trace.clone(), 500, "Internal Server Error"),
        (teapot, 418, "{}"),
        (trace.on_panic(|| Unmakeable), 500, "Internal Server Error"),
    ];
    for (trace, status, body) in cases {
        let service = trace.wrap(panicking());
        let request = warp::test::request().path("/late").header("x-correlation-id", "abc");
        let (response, spans) = capture_async(request.reply(&service)).await;
        assert_eq!((response.status().as_u16(), &response.body()[..]), (status, body.as_bytes()));
        assert_eq!(response.headers()["x-correlation-id"], "abc");
        let code = spans.named("GET /late").attribute("http.response.status_code").cloned();
        assert_eq!(code, Some(Value::I64(i64::from(status))));
    }
}

#[tokio::test]
async fn a_panic_where_nobody_records_is_answered_too() {
    propagate();
    let service = traced::warp::trace().exclude("/*").wrap(panicking());
    let (response, spans) = capture_async(warp::test::request().path("/late").reply(&service)).await;
    assert_eq!(response.status(), 500);
    assert!(spans.is_empty());
}

#[tokio::test]
async fn what_a_request_holds_is_dropped_in_its_context_before_its_span_ends() {
    struct Held(bool);
    impl Drop for Held {
        fn drop(&mut self) {
            traced::event!("dropped");
            assert!(!self.0, "a drop panics");
        }
    }
    propagate();
    let routes = warp::path!("hold" / bool).and(traced::warp::route("/hold/{panic}")).then(|panics| async move {
        let _held = Held(panics);
        std::future::pending::<&'static str>().await
    });
    for panics in [false, true] {
        let service = traced::warp::trace().wrap(routes);
        let request = warp::test::request().path(&format!("/hold/{panics}"));
        let (_, spans) = capture_async(tokio::time::timeout(Duration::from_millis(20), request.reply(&service))).await;
        let span = spans.named("GET /hold/{panic}");
        assert!(span.event("dropped").is_some(), "{span:?}");
        assert_eq!(span.attribute("traced.cancelled"), Some(&Value::Bool(true)));
    }
}

/// Chunks with a span for each, of which the first is sent at once and the rest when the test has seen it.
fn chunks(gate: Arc<tokio::sync::Notify>) -> impl futures_util::Stream<Item = Chunk> + Send + Sync {
    stream::iter(0..3).then(move |n| {
        let gate = Arc::clone(&gate);
        async move {
            if n > 0 {
                gate.notified().await;
            }
            let _span = traced::span!("chunk", n = n);
            Ok("chunk")
        }
    })
}

#[tokio::test]
async fn a_streamed_answer_ends_with_its_last_byte() {
    propagate();
    let gate = Arc::new(tokio::sync::Notify::new());
    let routes = {
        let gate = Arc::clone(&gate);
        warp::path!("stream")
            .and(traced::warp::route("/stream"))
            .map(move || warp::reply::stream(chunks(Arc::clone(&gate))))
    };
    let server = Server::serving(traced::warp::trace(), routes).await;
    let mut response = client().get(server.url("/stream")).send().await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "chunk");
    let so_far = server.spans(1).await;
    assert_eq!(so_far[0].name, "chunk", "the request goes on");
    for _ in 0..2 {
        gate.notify_one();
        assert_eq!(response.chunk().await.unwrap().unwrap(), "chunk");
    }
    assert_eq!(response.chunk().await.unwrap(), None);
    let spans = server.spans(4).await;
    let span = spans.named("GET /stream");
    assert_eq!((span.attribute("traced.cancelled"), &span.status), (None, &Status::Unset));
    assert_eq!(span.attribute("http.response.status_code"), Some(&Value::I64(200)));
    for chunk in spans.iter().filter(|span| span.name == "chunk") {
        assert_eq!(chunk.parent_span_id, span.span_id());
        assert!(chunk.end_time <= span.end_time);
    }
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_is_a_cancelled_request() {
    propagate();
    let gate = Arc::new(tokio::sync::Notify::new());
    let routes = warp::path!("stream")
        .and(traced::warp::route("/stream"))
        .map(move || warp::reply::stream(chunks(Arc::clone(&gate))));
    let server = Server::serving(traced::warp::trace(), routes).await;
    let mut response = client().get(server.url("/stream")).send().await.unwrap();
    response.chunk().await.unwrap().unwrap();
    drop(response);
    let spans = server.spans(2).await;
    let span = spans.named("GET /stream");
    assert_eq!(span.attribute("traced.cancelled"), Some(&Value::Bool(true)));
    assert_eq!(span.attribute("http.response.status_code"), Some(&Value::I64(200)));
}

#[tokio::test]
async fn streams_that_need_not_be_read_to_their_end_are_not_cancelled() {
    propagate();
    let polled = Arc::new(AtomicUsize::new(0));
    let routes = {
        let polled = Arc::clone(&polled);
        warp::path!("file").and(traced::warp::route("/file")).map(move || {
            let polled = Arc::clone(&polled);
            // A promised length: hyper does not ask for what comes after.
            let body = stream::iter(["12345", "67890"]).map(move |chunk| {
                polled.fetch_add(1, Ordering::Relaxed);
                Chunk::Ok(chunk)
            });
            warp::reply::with_header(warp::reply::stream(body), "content-length", "10")
        })
    };
    let server = Server::serving(traced::warp::trace(), routes).await;
    let got = client().get(server.url("/file")).send().await.unwrap();
    assert_eq!((got.content_length(), got.text().await.unwrap().as_str()), (Some(10), "1234567890"));
    let head = client().head(server.url("/file")).send().await.unwrap();
    assert_eq!(head.headers()["content-length"], "10");
    let spans = server.spans(2).await;
    for name in ["GET /file", "HEAD /file"] {
        assert_eq!(spans.named(name).attribute("traced.cancelled"), None, "{name}");
    }
    assert_eq!(polled.load(Ordering::Relaxed), 2, "a HEAD needs no body");
}

#[tokio::test]
async fn a_stream_that_fails_or_panics_is_an_error_of_its_request() {
    propagate();
    let routes = warp::path!("broken" / bool).and(traced::warp::route("/broken/{panic}")).map(|panics: bool| {
        let body = stream::iter(0..2).map(move |n| match (n, panics) {
            (0, _) => Chunk::Ok("begun"),
            (_, false) => Err(std::io::Error::other("canary")),
            (_, true) => panic!("a body panics"),
        });
        warp::reply::stream(body)
    });
    for panics in [false, true] {
        let server = Server::serving(traced::warp::trace(), routes).await;
        // It fails in the head already when the server gives up before that is on its way.
        if let Ok(response) = client().get(server.url(&format!("/broken/{panics}"))).send().await {
            response.text().await.unwrap_err();
        }
        let spans = server.spans(1).await;
        let span = spans.named("GET /broken/{panic}");
        let (kind, status) = match panics {
            false => ("response_body", "the response's body failed"),
            true => ("panic", "panicked: a body panics"),
        };
        assert_eq!(str(span, "error.type").as_deref(), Some(kind));
        assert_eq!(span.status, Status::error(status));
        assert_eq!(span.attribute("traced.cancelled"), None);
        assert!(!format!("{spans:?}").contains("canary"));
    }
}
