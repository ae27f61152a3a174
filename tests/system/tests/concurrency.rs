//! No span under a wrong parent: ten thousand statements and commands, many at once on few connections.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use opentelemetry::Value;
use traced::postgres::Client;
use traced::redis::redis;
use traced::testing::{CapturedSpan, Spans, capture_async};
use traced::{redis as traced_redis, traced};
use traced_system_tests::{Postgres, Redis};

/// How many callers there are, each of which has eight statements or commands.
const CALLERS: i64 = 1250;

type Postgreses = traced::postgres::bb8::Pool<traced::postgres::Manager<traced::postgres::NoTls>>;
type Redises = traced_redis::bb8::Pool<traced_redis::Manager>;

fn number(span: &CapturedSpan, key: &str) -> i64 {
    match span.attribute(key) {
        Some(Value::I64(number)) => *number,
        other => panic!("{key} is {other:?} on {span:?}"),
    }
}

/// Of each caller's number makes another that its statements show: how many rows they return.
fn rows(n: i64, salt: i64) -> i64 {
    (n * 7 + salt * 13) % 97 + 1
}

const SERIES: &str = "SELECT n FROM generate_series(1, $1) AS series (n)";

#[traced(attrs(rows = rows))]
async fn series(client: &Client, rows: i64) {
    let found = client.query(SERIES, &[&i32::try_from(rows).unwrap()]).await.unwrap();
    assert_eq!(found.len() as i64, rows);
}

#[traced(attrs(rows = rows))]
async fn transact(client: &mut Client, rows: i64) {
    let transaction = client.transaction().await.unwrap();
    transaction.query(SERIES, &[&i32::try_from(rows).unwrap()]).await.unwrap();
    transaction.commit().await.unwrap();
}

/// Two streams on one connection, read by turns.
#[traced(attrs(rows = rows))]
async fn streams(client: &Client, rows: i64) {
    let rows = i32::try_from(rows).unwrap();
    let (first, second) = tokio::try_join!(client.query_raw(SERIES, [rows]), client.query_raw(SERIES, [rows])).unwrap();
    let (mut first, mut second) = (Box::pin(first), Box::pin(second));
    let (mut more, mut count) = (true, 0);
    while more {
        let read = tokio::try_join!(first.try_next(), second.try_next()).unwrap();
        more = read.0.is_some() || read.1.is_some();
        count += i32::from(read.0.is_some()) + i32::from(read.1.is_some());
    }
    assert_eq!(count, 2 * rows);
}

/// Waits until all callers are done, each a task of its own.
async fn callers<F: Future<Output = ()> + Send + 'static>(call: impl Fn(i64) -> F) {
    let mut tasks = Vec::new();
    for n in 0..CALLERS {
        tasks.push(traced::spawn(call(n)));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

fn by_id(spans: &Spans) -> HashMap<opentelemetry::SpanId, &CapturedSpan> {
    spans.iter().map(|span| (span.span_id(), span)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_statements_are_under_their_callers() {
    let Some(url) =
        tokio::task::spawn_blocking(|| Postgres::shared().map(|server| server.url().to_owned())).await.unwrap()
    else {
        return;
    };
    let manager = traced::postgres::Manager::new(url.parse().unwrap(), traced::postgres::NoTls);
    let pool: Postgreses = traced::postgres::bb8::Pool::builder()
        .max_size(8)
        .connection_timeout(Duration::from_secs(60))
        .build(manager)
        .await
        .unwrap();
    let (_, spans) = capture_async(callers(|n| {
        let pool = pool.clone();
        async move {
            let mut client = traced::postgres::get(&pool).await.unwrap();
            // Sent together, and answered together.
            tokio::join!(series(&client, rows(n, 1)), series(&client, rows(n, 2)), series(&client, rows(n, 3)));
            transact(&mut client, rows(n, 4)).await;
            streams(&client, rows(n, 5)).await;
        }
    }))
    .await;
    let by_id = by_id(&spans);
    let mut beneath: HashMap<_, Vec<&str>> = HashMap::new();
    for span in spans.iter().filter(|span| span.attribute("db.query.text").is_some()) {
        let caller = by_id[&span.parent_span_id];
        beneath.entry(caller.span_id()).or_default().push(&span.name);
        if span.name.starts_with("SELECT") {
            assert_eq!(number(span, "db.response.returned_rows"), number(caller, "rows"), "{span:?} under {caller:?}");
        }
    }
    let mut counted = HashMap::new();
    for (caller, mut statements) in beneath {
        statements.sort_unstable();
        *counted.entry((by_id[&caller].name.as_str(), statements.join(", "))).or_insert(0) += 1;
    }
    let select = "SELECT";
    let expected = [
        (("series", select.to_owned()), 3 * CALLERS),
        (("transact", format!("BEGIN, COMMIT, {select}")), CALLERS),
        (("streams", format!("{select}, {select}")), CALLERS),
    ];
    assert_eq!(counted, HashMap::from(expected));
}

#[traced(attrs(n = n))]
async fn remember(pool: &Redises, n: i64) {
    let mut connection = traced_redis::get(pool).await.unwrap();
    let key = format!("key:{n}");
    let pair = |pipe: &mut redis::Pipeline| {
        pipe.set(&key, n).ignore().get(&key);
        pipe.clone()
    };
    for _ in 0..3 {
        let _: () = redis::cmd("SET").arg(&key).arg(n).query_async(&mut *connection).await.unwrap();
        let found: i64 = redis::cmd("GET").arg(&key).query_async(&mut *connection).await.unwrap();
        assert_eq!(found, n);
    }
    let (found,): (i64,) = pair(&mut redis::pipe()).query_async(&mut *connection).await.unwrap();
    let (again,): (i64,) = pair(redis::pipe().atomic()).query_async(&mut *connection).await.unwrap();
    assert_eq!((found, again), (n, n));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_commands_are_under_their_callers() {
    let Some(server) = tokio::task::spawn_blocking(Redis::start_own).await.unwrap() else { return };
    let manager = traced_redis::Manager::new(server.url()).unwrap().record_keys();
    let pool: Redises = traced_redis::bb8::Pool::builder()
        .max_size(8)
        .connection_timeout(Duration::from_secs(60))
        .build(manager)
        .await
        .unwrap();
    let (_, spans) = capture_async(callers(|n| {
        let pool = pool.clone();
        async move { remember(&pool, n).await }
    }))
    .await;
    let by_id = by_id(&spans);
    let mut counted: HashMap<&str, i64> = HashMap::new();
    for span in spans.iter().filter(|span| span.attribute("db.query.text").is_some()) {
        let n = number(by_id[&span.parent_span_id], "n");
        let text = span.attribute("db.query.text").unwrap().as_str().into_owned();
        let expected = match span.name.as_str() {
            "SET" => format!("SET key:{n} ?"),
            "GET" => format!("GET key:{n}"),
            _ => format!("SET key:{n} ?\nGET key:{n}"),
        };
        assert_eq!(text, expected, "{span:?} under {n}");
        *counted.entry(&span.name).or_default() += 1;
    }
    let expected = [("SET", 3 * CALLERS), ("GET", 3 * CALLERS), ("PIPELINE", CALLERS), ("MULTI", CALLERS)];
    assert_eq!(counted, HashMap::from(expected));
    assert!(counted.values().sum::<i64>() >= 10_000);
}
