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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_are_under_their_callers_and_carry_their_own_ids() {
    #[traced::traced(attrs(n = n))]
    async fn caller(n: i64) {
        let request = http::Request::get(format!("http://inventory.internal/stock/{n}")).body(()).unwrap();
        let parent = traced::current().trace_id().to_string();
        let answer = send(request, async |request: http::Request<()>| {
            tokio::task::yield_now().await;
            let sent = request.headers()["traceparent"].to_str().unwrap();
            assert!(sent.contains(&parent), "{sent} of {parent}");
            assert!(sent.contains(&traced::current().span_context().span_id().to_string()), "{sent}");
            Ok::<_, std::convert::Infallible>(http::Response::new(()))
        });
        answer.await.unwrap();
    }
    opentelemetry::global::set_text_map_propagator(TraceContext::new());
    let (_, spans) = capture_async(async {
        let lanes: Vec<_> = (0..100)
            .map(|lane| {
                traced::spawn(async move {
                    // By fives, on one task.
                    for n in (lane..10_000).step_by(500) {
                        tokio::join!(caller(n), caller(n + 100), caller(n + 200), caller(n + 300), caller(n + 400));
                    }
                })
            })
            .collect();
        for lane in lanes {
            lane.await.unwrap();
        }
    })
    .await;
    let callers: std::collections::HashMap<_, _> =
        spans.iter().filter(|span| span.name == "caller").map(|span| (span.span_id(), span)).collect();
    let sent: Vec<_> = spans.iter().filter(|span| span.kind == SpanKind::Client).collect();
    assert_eq!((callers.len(), sent.len()), (10_000, 10_000));
    for span in sent {
        let Some(Value::I64(n)) = callers[&span.parent_span_id].attribute("n") else { panic!("{span:?}") };
        assert_eq!(text(span, "url.full"), Some(format!("http://inventory.internal/stock/{n}")));
    }
}
