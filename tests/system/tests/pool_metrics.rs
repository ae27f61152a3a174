//! Metrics of statements, commands and pools, against real servers. A process has one telemetry: one test at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::Mutex;
use traced::Telemetry;
use traced::database::{Database, Pooled, get, observe};
use traced::opentelemetry_sdk::metrics::InMemoryMetricExporter;
use traced::opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
use traced::postgres::bb8::Pool;
use traced_system_tests::{Postgres, Redis};

static ONE: Mutex<()> = Mutex::const_new(());

/// Metrics as they are at a moment: of each point its attributes, how many values it has, and their sum.
struct Measured {
    telemetry: Telemetry,
    exporter: InMemoryMetricExporter,
}

type Points = Vec<(BTreeMap<String, String>, f64, f64)>;

impl Measured {
    fn start() -> Self {
        let exporter = InMemoryMetricExporter::default();
        let telemetry = Telemetry::builder()
            .environment(|name| (name == "OTEL_TRACES_EXPORTER").then(|| "none".to_owned()))
            .metric_exporter(exporter.clone())
            .install()
            .unwrap();
        Self { telemetry, exporter }
    }

    fn points(&self, name: &str) -> Points {
        self.telemetry.flush().unwrap();
        let all = self.exporter.get_finished_metrics().unwrap();
        let metrics = all.last().into_iter().flat_map(|last| last.scope_metrics()).flat_map(|scope| scope.metrics());
        let metrics = metrics.filter(|metric| metric.name() == name);
        let key = |kv: &traced::opentelemetry::KeyValue| (kv.key.to_string(), kv.value.to_string());
        let mut points = Points::new();
        for metric in metrics {
            match metric.data() {
                AggregatedMetrics::F64(MetricData::Histogram(histogram)) => points.extend(
                    histogram.data_points().map(|p| (p.attributes().map(key).collect(), p.count() as f64, p.sum())),
                ),
                AggregatedMetrics::U64(MetricData::Sum(sum)) => {
                    points.extend(sum.data_points().map(|p| (p.attributes().map(key).collect(), p.value() as f64, 0.0)))
                }
                AggregatedMetrics::I64(MetricData::Sum(sum)) => {
                    points.extend(sum.data_points().map(|p| (p.attributes().map(key).collect(), p.value() as f64, 0.0)))
                }
                other => panic!("{name}: {other:?}"),
            }
        }
        points
    }

    /// The value of `pool`'s only point.
    fn of(&self, pool: &str, name: &str) -> f64 {
        let points = self.points(name);
        let of_pool: Vec<_> = points.iter().filter(|(a, ..)| a["db.client.connection.pool.name"] == pool).collect();
        assert_eq!(of_pool.len(), 1, "{name}: {points:?}");
        assert_eq!(of_pool[0].0.len(), 1, "{points:?}");
        of_pool[0].1
    }

    /// How many connections of `pool` are idle, and how many used.
    fn counts(&self, pool: &str) -> (f64, f64) {
        let points = self.points("db.client.connection.count");
        let count = |state: &str| {
            let is = |a: &BTreeMap<String, String>| {
                a["db.client.connection.pool.name"] == pool && a["db.client.connection.state"] == state
            };
            points.iter().find(|(a, ..)| is(a)).unwrap_or_else(|| panic!("{points:?}")).1
        };
        (count("idle"), count("used"))
    }
}

/// What every pool of two connections tells, those of `manager`'s.
async fn tells<M: Pooled>(manager: M, database: &Database, pool_name: &str) {
    let measured = Measured::start();
    let pool = Pool::builder()
        .max_size(2)
        .min_idle(1)
        .connection_timeout(Duration::from_millis(300))
        .build(manager)
        .await
        .unwrap();
    let observed = observe(&pool, database).max_size(2).min_idle(1);
    assert_eq!(measured.counts(pool_name), (1.0, 0.0));
    assert_eq!(measured.of(pool_name, "db.client.connection.max"), 2.0);
    assert_eq!(measured.of(pool_name, "db.client.connection.idle.min"), 1.0);

    let first = get(&pool).await.unwrap();
    let second = get(&pool).await.unwrap();
    assert_eq!(measured.counts(pool_name), (0.0, 2.0));
    assert_eq!(measured.of(pool_name, "db.client.connection.create_time"), 2.0);
    assert_eq!(measured.of(pool_name, "db.client.connection.wait_time"), 2.0);
    assert_eq!(measured.of(pool_name, "db.client.connection.pending_requests"), 0.0);

    // A third has to wait, and is not given one in time.
    let mut third = Box::pin(get(&pool));
    assert!(tokio::time::timeout(Duration::from_millis(50), third.as_mut()).await.is_err());
    assert_eq!(measured.of(pool_name, "db.client.connection.pending_requests"), 1.0);
    assert_eq!(measured.of(pool_name, "db.client.connection.timeouts"), 0.0);
    assert!(third.await.is_err());
    assert_eq!(measured.of(pool_name, "db.client.connection.pending_requests"), 0.0);
    assert_eq!(measured.of(pool_name, "db.client.connection.timeouts"), 1.0);
    assert_eq!(measured.of(pool_name, "db.client.connection.wait_time"), 2.0, "nothing was obtained");

    // They were out for 300 ms at least.
    drop(first);
    drop(second);
    let used = measured.points("db.client.connection.use_time");
    assert_eq!((used.len(), used[0].1), (1, 2.0), "{used:?}");
    assert!(used[0].2 >= 0.6, "{used:?}");
    // Without `get` the pool's own test of it tells when it was taken.
    drop(pool.get().await.unwrap());
    assert_eq!(measured.of(pool_name, "db.client.connection.use_time"), 3.0);
    assert_eq!(measured.counts(pool_name), (2.0, 0.0));

    drop(observed);
    assert_eq!(measured.points("db.client.connection.count"), []);
}

fn operations(measured: &Measured, key: &str, value: &str) -> (BTreeMap<String, String>, f64) {
    let points = measured.points("db.client.operation.duration");
    let found: Vec<_> = points.iter().filter(|(a, ..)| a.get(key).is_some_and(|v| v == value)).collect();
    assert_eq!(found.len(), 1, "{key}={value} in {points:?}");
    (found[0].0.clone(), found[0].1)
}

#[tokio::test]
async fn postgres_pools_and_statements() {
    let _one = ONE.lock().await;
    let Some(url) = tokio::task::spawn_blocking(|| Postgres::shared().map(|s| s.url().to_owned())).await.unwrap()
    else {
        return;
    };
    let config: traced::postgres::Config = url.parse().unwrap();
    let name = format!("127.0.0.1:{}/{}", config.get_ports()[0], config.get_dbname().unwrap());
    let manager = traced::postgres::Manager::new(config, traced::postgres::NoTls);
    let database = manager.database().clone();
    tells(manager.clone(), &database, &name).await;

    let measured = Measured::start();
    let pool = Pool::builder().max_size(1).build(manager).await.unwrap();
    let client = get(&pool).await.unwrap();
    for n in 0..3_i32 {
        client.query("SELECT generate_series(1, $1)", &[&n]).await.unwrap();
    }
    client.execute("DELETE FROM nowhere", &[]).await.unwrap_err();
    let given_up = client.query("SELECT pg_sleep(1)", &[]);
    assert!(tokio::time::timeout(Duration::from_millis(20), given_up).await.is_err());
    let points = measured.points("db.client.operation.duration");
    let selects = points.iter().filter(|(a, ..)| a["db.operation.name"] == "SELECT" && !a.contains_key("error.type"));
    assert_eq!(selects.map(|(_, count, _)| count).sum::<f64>(), 3.0, "{points:?}");
    let (delete, count) = operations(&measured, "db.operation.name", "DELETE");
    assert_eq!((delete["error.type"].as_str(), count), ("42P01", 1.0));
    assert_eq!(delete["db.response.status_code"], "42P01");
    assert_eq!((delete["db.collection.name"].as_str(), delete["db.system.name"].as_str()), ("nowhere", "postgresql"));
    let (_, cancelled) = operations(&measured, "error.type", "cancelled");
    assert_eq!(cancelled, 1.0);
}

#[tokio::test]
async fn redis_pools_and_commands() {
    let _one = ONE.lock().await;
    let Some(server) = tokio::task::spawn_blocking(Redis::start_own).await.unwrap() else { return };
    let manager = traced::redis::Manager::new(server.url()).unwrap();
    let database = manager.database().clone();
    let address = server.url().rsplit('@').next().unwrap().trim_start_matches("redis://").to_owned();
    let name = if address.contains('/') { address.clone() } else { format!("{address}/0") };
    tells(manager.clone(), &database, &name).await;

    let measured = Measured::start();
    let pool = Pool::builder().max_size(1).build(manager).await.unwrap();
    let mut connection = get(&pool).await.unwrap();
    let run = async |command: &mut traced::redis::redis::Cmd, connection: &mut traced::redis::Connection| {
        command.query_async::<traced::redis::redis::Value>(connection).await
    };
    for _ in 0..3 {
        run(traced::redis::redis::cmd("SET").arg("a").arg(1), &mut connection).await.unwrap();
    }
    run(traced::redis::redis::cmd("LPOP").arg("a"), &mut connection).await.unwrap_err();
    let (set, count) = operations(&measured, "db.operation.name", "SET");
    assert_eq!((count, set.contains_key("error.type")), (3.0, false));
    let (lpop, count) = operations(&measured, "db.operation.name", "LPOP");
    assert_eq!((lpop["error.type"].as_str(), count), ("WRONGTYPE", 1.0));
}
