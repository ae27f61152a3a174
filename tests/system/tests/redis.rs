//! Client spans of `traced::redis`, on a real server.

use std::time::Duration;

use opentelemetry::Value;
use opentelemetry::trace::{SpanKind, Status};
use traced::redis::redis::{self, AsyncCommands, RedisResult};
use traced::redis::{Connection, ErrorSink, Manager, bb8, get};
use traced::testing::{CapturedSpan, capture_async};
use traced_system_tests::Redis;

fn text(span: &CapturedSpan, key: &str) -> Option<String> {
    span.attribute(key).map(|value| value.as_str().into_owned())
}

/// A server of the test's own, and a pool of its connections.
async fn pool(record_keys: bool) -> Option<(Redis, bb8::Pool<Manager>)> {
    // From another thread: starting blocks.
    let server = tokio::task::spawn_blocking(Redis::start_own).await.unwrap()?;
    let mut manager = Manager::new(server.url()).unwrap();
    if record_keys {
        manager = manager.record_keys();
    }
    let pool =
        bb8::Pool::builder().max_size(4).connection_timeout(Duration::from_secs(10)).build(manager).await.unwrap();
    Some((server, pool))
}

#[tokio::test]
async fn a_command_is_a_client_span_with_the_conventions_attributes() {
    let Some((server, pool)) = pool(false).await else { return };
    let mut connection = pool.get().await.unwrap();
    let connection: &mut Connection = &mut connection;
    let (_, spans) = capture_async(async {
        let _: () = connection.set_ex("canary-key", "canary-value", 60).await.unwrap();
        let value: String = redis::cmd("GET").arg("canary-key").query_async(connection).await.unwrap();
        assert_eq!(value, "canary-value");
        let missing: Option<String> = connection.get("canary-none").await.unwrap();
        assert_eq!(missing, None);
    })
    .await;
    assert!(!format!("{spans:?}").contains("canary"));
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["SETEX", "GET", "GET"]);
    let span = &spans[1];
    assert_eq!((&span.kind, &span.status), (&SpanKind::Client, &Status::Unset));
    let mut seen: Vec<(&str, Value)> = span.attributes.iter().map(|kv| (kv.key.as_str(), kv.value.clone())).collect();
    seen.sort_by_key(|(key, _)| *key);
    let port: i64 = server.url().rsplit(':').next().unwrap().split('/').next().unwrap().parse().unwrap();
    let expected: Vec<(&str, Value)> = vec![
        ("db.namespace", "0".into()),
        ("db.operation.name", "GET".into()),
        ("db.query.text", "GET ?".into()),
        ("db.system.name", "redis".into()),
        ("server.address", "127.0.0.1".into()),
        ("server.port", Value::I64(port)),
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn errors_tell_their_code_and_no_values() {
    let Some((_server, pool)) = pool(true).await else { return };
    let mut connection = pool.get().await.unwrap();
    let (_, spans) = capture_async(async {
        let _: () = connection.set("book:1", "canary").await.unwrap();
        let wrong: RedisResult<String> = redis::cmd("LPOP").arg("book:1").query_async(&mut *connection).await;
        wrong.unwrap_err();
        // Redis quotes the arguments of what it does not know.
        let unknown: RedisResult<String> = redis::cmd("NONSENSE").arg("canary").query_async(&mut *connection).await;
        assert!(unknown.unwrap_err().to_string().contains("canary"));
        let mut pipeline = redis::pipe();
        pipeline.get("book:1").cmd("LPOP").arg("book:1");
        let failed: RedisResult<(String, String)> = pipeline.query_async(&mut *connection).await;
        failed.unwrap_err();
    })
    .await;
    assert!(!format!("{spans:?}").contains("canary"), "{spans:?}");
    assert_eq!(text(&spans[0], "db.query.text").as_deref(), Some("SET book:1 ?"));
    for (span, code) in [(&spans[1], "WRONGTYPE"), (&spans[2], "ERR"), (&spans[3], "WRONGTYPE")] {
        assert_eq!(text(span, "db.response.status_code").as_deref(), Some(code), "{span:?}");
        assert_eq!(text(span, "error.type").as_deref(), Some(code));
        assert!(matches!(span.status, Status::Error { .. }));
    }
}

#[tokio::test]
async fn a_pipeline_is_one_span_with_its_size() {
    let Some((_server, pool)) = pool(false).await else { return };
    let mut connection = pool.get().await.unwrap();
    let (_, spans) = capture_async(async {
        let _: () = redis::pipe().set("a", 1).set("b", 2).query_async(&mut *connection).await.unwrap();
        let (a, b): (i64, i64) =
            redis::pipe().atomic().get("a").incr("b", 5).query_async(&mut *connection).await.unwrap();
        assert_eq!((a, b), (1, 7));
        let _: (i64,) = redis::pipe().get("a").query_async(&mut *connection).await.unwrap();
    })
    .await;
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["PIPELINE SET", "MULTI", "PIPELINE GET"]);
    assert_eq!(text(&spans[1], "db.query.text").as_deref(), Some("GET ?\nINCRBY ? ?"));
    let sizes: Vec<_> = spans.iter().map(|span| span.attribute("db.operation.batch.size").cloned()).collect();
    assert_eq!(sizes, [Some(Value::I64(2)), Some(Value::I64(2)), None]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_commands_nest_under_their_callers() {
    #[traced::traced(attrs(n = n))]
    async fn remember(pool: &bb8::Pool<Manager>, n: i64) {
        let mut connection = get(pool).await.unwrap();
        let _: () = connection.set(format!("key:{n}"), n).await.unwrap();
    }
    let Some((_server, pool)) = pool(true).await else { return };
    let (_, spans) = capture_async(async {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..300 {
            let pool = pool.clone();
            let task = traced::spawn(async move { remember(&pool, n).await });
            tasks.spawn(async move { task.await.unwrap() });
        }
        tasks.join_all().await;
    })
    .await;
    let callers: std::collections::HashMap<_, _> =
        spans.iter().filter(|span| span.name == "remember").map(|span| (span.span_id(), span)).collect();
    let sets: Vec<_> = spans.iter().filter(|span| span.name == "SET").collect();
    assert_eq!((callers.len(), sets.len()), (300, 300));
    for set in sets {
        let Some(Value::I64(n)) = callers[&set.parent_span_id].attribute("n") else { panic!("{set:?}") };
        assert_eq!(text(set, "db.query.text"), Some(format!("SET key:{n} ?")));
    }
}

#[tokio::test]
async fn a_broken_connection_is_told_and_replaced() {
    let Some((mut server, pool)) = pool(false).await else { return };
    let mut connection = pool.get().await.unwrap();
    server = tokio::task::spawn_blocking(move || {
        server.stop();
        server
    })
    .await
    .unwrap();
    let (result, spans) = capture_async(async { connection.get::<_, Option<String>>("a").await }).await;
    result.unwrap_err();
    let error_type = text(&spans[0], "error.type").unwrap();
    assert!(["connection_closed", "connection_refused", "io"].contains(&error_type.as_str()), "{error_type}");
    drop(connection);

    let causes = ErrorSink::new();
    let down = bb8::Pool::builder()
        .connection_timeout(Duration::from_millis(300))
        .error_sink(Box::new(causes.clone()))
        .build_unchecked(Manager::new(server.url()).unwrap());
    get(&down).await.unwrap_err();
    assert!(causes.last().unwrap().contains("refused"), "{causes:?}");

    let server = tokio::task::spawn_blocking(move || {
        server.restart();
        server
    })
    .await
    .unwrap();
    let mut connection = pool.get().await.unwrap();
    let _: Option<String> = connection.get("a").await.unwrap();
    drop(server);
}
