//! Client spans of HTTP requests, and the server's beneath them.

use opentelemetry::Value;
use opentelemetry::trace::{SpanKind, Status};
use traced::propagation::{TraceContext, send};
use traced::testing::{CapturedSpan, capture_async};
use warp::Filter as _;

fn text(span: &CapturedSpan, key: &str) -> Option<String> {
    span.attribute(key).map(|value| value.as_str().into_owned())
}

#[tokio::test]
async fn a_request_is_a_client_span_that_the_server_continues() {
    opentelemetry::global::set_text_map_propagator(TraceContext::new());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let (address, spans) = capture_async(async {
        let stock = warp::path!("stock" / i64).and(traced::warp::route("/stock/{id}")).map(|id: i64| id.to_string());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // Made here: what it serves goes to this capture, though on tasks of its own.
        tokio::spawn(warp::serve(traced::warp::trace().wrap(stock)).incoming(listener).run());
        let get = |path: &str| client.get(format!("http://ada:canary@{address}{path}")).build().unwrap();

        let answer = send(get("/stock/7?token=canary"), |request| client.execute(request)).await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "7");
        send(get("/nowhere"), |request| client.execute(request)).await.unwrap();
        address
    })
    .await;
    let sent: Vec<&CapturedSpan> = spans.iter().filter(|span| span.kind == SpanKind::Client).collect();
    let mut seen: Vec<(&str, Value)> =
        sent[0].attributes.iter().map(|kv| (kv.key.as_str(), kv.value.clone())).collect();
    seen.sort_by_key(|(key, _)| *key);
    let expected: Vec<(&str, Value)> = vec![
        ("http.request.method", "GET".into()),
        ("http.response.status_code", Value::I64(200)),
        ("network.protocol.version", "1.1".into()),
        ("server.address", "127.0.0.1".into()),
        ("server.port", Value::I64(i64::from(address.port()))),
        // reqwest makes a header of the credentials.
        ("url.full", format!("http://{address}/stock/7?token=REDACTED").into()),
    ];
    assert_eq!(seen, expected);
    assert_eq!((sent[0].name.as_str(), &sent[0].status), ("GET", &Status::Unset));

    let served = spans.named("GET /stock/{id}");
    assert_eq!(served.parent_span_id, sent[0].span_id());
    assert_eq!(served.span_context.trace_id(), sent[0].span_context.trace_id());

    // The client's own error, unlike the server's.
    assert_eq!(text(sent[1], "error.type").as_deref(), Some("404"));
    assert!(matches!(sent[1].status, Status::Error { .. }));
    assert!(!format!("{spans:?}").contains("canary"));
}

#[tokio::test]
async fn a_request_without_an_answer_has_failed() {
    opentelemetry::global::set_text_map_propagator(TraceContext::new());
    let request = http::Request::post("http://127.0.0.1:9/a").body(()).unwrap();
    let (_, spans) = capture_async(send(request, |request| async move {
        assert!(request.headers().contains_key("traceparent"));
        Err::<http::Response<()>, _>(std::fmt::Error)
    }))
    .await;
    assert_eq!(text(&spans[0], "error.type").as_deref(), Some("core::fmt::Error"));
    assert_eq!(spans[0].attribute("server.port"), Some(&Value::I64(9)));
    assert!(matches!(spans[0].status, Status::Error { .. }));
}
