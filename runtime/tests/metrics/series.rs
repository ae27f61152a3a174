//! What is measured again and again: the same points as if each measurement stood alone.

use traced::database::Database;
use traced::opentelemetry_sdk::metrics::{InMemoryMetricExporterBuilder, Temporality};

use super::*;

const DURATION: &str = "db.client.operation.duration";
const ROWS: &str = "db.client.response.returned_rows";

/// More than twice: what measures a set of attributes is found at the first, and bound at the second.
const TIMES: usize = 3;

fn in_memory(temporality: Temporality) -> InMemoryMetricExporter {
    InMemoryMetricExporterBuilder::new().with_temporality(temporality).build()
}

/// Databases of `count` names from `first`: each is a set of attributes.
fn databases(first: usize, count: usize) -> Vec<Database> {
    (first..first + count).map(|number| Database::new("sqlite").namespace(format!("{number}.db"))).collect()
}

fn run(database: &Database) {
    database.statement("SELECT title FROM books").run(|| Ok::<_, std::fmt::Error>(())).unwrap();
}

fn read(database: &Database, rows: usize) {
    database.statement("SELECT title FROM books").noting(|| (), |(), response| response.returned_rows(rows));
}

impl Measured {
    /// All that was exported of a metric, of each collection.
    fn collections(&self, name: &str) -> Vec<Points> {
        let all = self.exporter.get_finished_metrics().unwrap();
        let of_one = |one: &traced::opentelemetry_sdk::metrics::data::ResourceMetrics| {
            let metrics = one.scope_metrics().flat_map(|scope| scope.metrics());
            metrics.filter(|metric| metric.name() == name).flat_map(points).collect()
        };
        all.iter().map(of_one).collect()
    }
}

fn sum(points: &Points) -> f64 {
    points.iter().map(|(_, count)| count).sum()
}

fn overflow(points: &Points) -> f64 {
    let overflowed = points.iter().filter(|(attributes, _)| attributes.contains_key("otel.metric.overflow"));
    overflowed.map(|(_, count)| count).sum()
}

#[test]
fn every_measurement_of_a_set_of_attributes_counts() {
    for (temporality, expected) in [(Temporality::Cumulative, [3.0, 6.0, 9.0]), (Temporality::Delta, [3.0; 3])] {
        let measured = start_with(in_memory(temporality), |builder| builder);
        let database = Database::new("sqlite").namespace("again.db");
        for expected in expected {
            (0..TIMES).for_each(|_| run(&database));
            let points = measured.points(DURATION);
            assert_eq!((points.len(), points[0].1), (1, expected), "{temporality:?}");
        }
    }
}

#[test]
fn what_was_not_measured_has_no_point() {
    for temporality in [Temporality::Cumulative, Temporality::Delta] {
        let measured = start_with(in_memory(temporality), |builder| builder);
        let [without, with] = ["without.db", "with.db"].map(|name| Database::new("sqlite").namespace(name));
        for _ in 0..TIMES {
            (0..TIMES).for_each(|_| run(&without));
            (0..TIMES).for_each(|_| read(&with, 7));
            let rows = measured.points(ROWS);
            assert_eq!(rows.len(), 1, "{temporality:?}");
            assert_eq!(rows[0].0["db.namespace"], "with.db");
            assert_eq!(measured.collections("traced.collections").concat(), []);
        }
        for points in measured.collections(DURATION) {
            assert!(points.iter().all(|(_, count)| *count > 0.0), "{temporality:?}: {points:?}");
        }
    }
}

#[test]
fn what_fails_among_what_succeeds_is_a_point_of_its_own() {
    let measured = start(|builder| builder);
    let database = Database::new("sqlite").namespace("failing.db");
    for _ in 0..TIMES {
        run(&database);
        database.statement("SELECT title FROM books").run(|| Err::<(), _>(std::fmt::Error)).unwrap_err();
    }
    let points = measured.points(DURATION);
    assert_eq!(points.len(), 2);
    assert!(points.iter().all(|(_, count)| *count == 3.0), "{points:?}");
    assert_eq!(points.iter().filter(|(attributes, _)| attributes.contains_key("error.type")).count(), 1);
}

/// As many as the SDK keeps apart of one instrument.
const LIMIT: usize = 2000;

#[test]
fn more_sets_of_attributes_than_the_sdk_keeps_apart_are_its_overflow() {
    for temporality in [Temporality::Cumulative, Temporality::Delta] {
        let measured = start_with(in_memory(temporality), |builder| builder);
        let databases = databases(0, LIMIT + 100);
        (0..TIMES).for_each(|_| databases.iter().for_each(run));
        let points = measured.points(DURATION);
        assert_eq!(points.len(), LIMIT + 1, "{temporality:?}");
        assert_eq!((sum(&points), overflow(&points)), (6300.0, 300.0), "{temporality:?}");
    }
}

/// Else a program that is asked of something else each hour would have all of it in the overflow one day.
#[test]
fn with_delta_temporality_there_is_room_again_for_what_is_measured_no_more() {
    let measured = start_with(in_memory(Temporality::Delta), |builder| builder);
    for hour in 0..3 {
        let databases = databases(hour * 1500, 1500);
        (0..TIMES).for_each(|_| databases.iter().for_each(run));
        let points = measured.points(DURATION);
        assert_eq!((points.len(), sum(&points), overflow(&points)), (1500, 4500.0, 0.0), "hour {hour}");
        // The SDK forgets at the second collection.
        assert_eq!(measured.points(DURATION).len(), 0);
    }
}

#[test]
fn with_delta_temporality_what_has_overflowed_has_its_own_point_again() {
    let measured = start_with(in_memory(Temporality::Delta), |builder| builder);
    let last = Database::new("sqlite").namespace("last.db");
    databases(0, LIMIT).iter().for_each(run);
    assert_eq!(measured.points(DURATION).len(), LIMIT);
    (0..TIMES).for_each(|_| run(&last));
    assert_eq!(overflow(&measured.points(DURATION)), 3.0);
    (0..TIMES).for_each(|_| run(&last));
    let points = measured.points(DURATION);
    assert_eq!((points.len(), sum(&points), overflow(&points)), (1, 3.0, 0.0));
}

#[test]
fn the_next_telemetry_measures_for_itself() {
    let database = Database::new("sqlite").namespace("next.db");
    for _ in 0..2 {
        let measured = start(|builder| builder);
        (0..TIMES).for_each(|_| run(&database));
        assert_eq!(sum(&measured.points(DURATION)), 3.0);
        measured.telemetry.shutdown().unwrap();
    }
}

/// A processor of the SDK counts what it does when the SDK is built to bind instruments.
#[test]
fn what_the_sdk_measures_of_itself_is_left_out() {
    use traced::opentelemetry::trace::{Tracer, TracerProvider};
    use traced::opentelemetry_sdk::trace::SdkTracerProvider;

    let measured = start(|builder| builder);
    let provider = SdkTracerProvider::builder().with_batch_exporter(Once::default()).build();
    provider.tracer("own").in_span("a span", |_| ());
    provider.shutdown().unwrap();
    measured.telemetry.flush().unwrap();
    let all = measured.exporter.get_finished_metrics().unwrap();
    let scopes: Vec<_> =
        all.iter().flat_map(|one| one.scope_metrics()).map(|of| of.scope().name().to_owned()).collect();
    assert!(scopes.contains(&"traced".to_owned()), "{scopes:?}");
    assert!(!scopes.contains(&"otel.sdk".to_owned()), "{scopes:?}");
}

#[test]
fn nothing_is_lost_while_metrics_are_collected() {
    const THREADS: usize = 4;
    const CALLS: usize = 5000;
    let measured = start_with(in_memory(Temporality::Delta), |builder| builder);
    let databases = databases(0, 3);
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..THREADS).map(|_| scope.spawn(|| (0..CALLS).for_each(|call| run(&databases[call % 3])))).collect();
        while threads.iter().any(|thread| !thread.is_finished()) {
            measured.telemetry.flush().unwrap();
        }
    });
    measured.telemetry.flush().unwrap();
    let exported: f64 = measured.collections(DURATION).iter().map(sum).sum();
    assert_eq!(exported, (THREADS * CALLS) as f64);
}

#[traced::traced(metrics, if = false)]
fn plain() {}

#[test]
fn every_call_of_a_function_counts() {
    for (temporality, expected) in [(Temporality::Cumulative, [3.0, 6.0]), (Temporality::Delta, [3.0; 2])] {
        let measured = start_with(in_memory(temporality), |builder| builder);
        for expected in expected {
            (0..TIMES).for_each(|_| plain());
            let points = measured.points("traced.function.duration");
            assert_eq!((points.len(), points[0].1), (1, expected), "{temporality:?}");
            assert_eq!(points[0].0["code.function.name"], "metrics::series::plain");
        }
    }
}

#[cfg(feature = "warp")]
#[tokio::test]
async fn every_request_counts_once_under_its_route_and_status() {
    use warp::Filter;

    for (temporality, expected) in [(Temporality::Cumulative, [3.0, 6.0]), (Temporality::Delta, [3.0; 2])] {
        let measured = start_with(in_memory(temporality), |builder| builder);
        let book = warp::path!("books" / u16)
            .and(traced::warp::route("/books/{id}"))
            .map(|status: u16| warp::reply::with_status("a book", warp::http::StatusCode::from_u16(status).unwrap()));
        let routes = traced::warp::trace().wrap(book);
        for expected in expected {
            for path in ["/books/200", "/books/404", "/books/500"].repeat(TIMES) {
                warp::test::request().path(path).reply(&routes).await;
            }
            measured.telemetry.flush().unwrap();
            let latest = |name| measured.collections(name).pop().unwrap();
            let durations = latest("http.server.request.duration");
            assert_eq!(durations.len(), 3, "{durations:?}");
            for (attributes, count) in &durations {
                assert_eq!(*count, expected, "{temporality:?}");
                let failed = attributes.get("error.type").map(String::as_str);
                assert_eq!(failed, (attributes["http.response.status_code"] == "500").then_some("500"));
            }
            assert_eq!(sum(&latest("http.server.response.body.size")), 3.0 * expected);
            assert_eq!(latest("http.server.request.body.size"), [], "none had a body");
            let active = latest("http.server.active_requests");
            assert_eq!((active.len(), active[0].1), (1, 0.0));
        }
    }
}
