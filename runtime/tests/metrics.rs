//! Metrics of requests and statements, as an exporter is given them and as Prometheus reads them.

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message;
use support::{Answer, Collector};
use traced::opentelemetry_sdk::metrics::InMemoryMetricExporter;
use traced::opentelemetry_sdk::metrics::data::{AggregatedMetrics, Metric, MetricData};
use traced::{Telemetry, TelemetryBuilder};

/// A process has one telemetry.
static ONE: Mutex<()> = Mutex::new(());

/// A telemetry that exports metrics into memory and traces nowhere.
struct Measured {
    telemetry: Telemetry,
    exporter: InMemoryMetricExporter,
    _one: MutexGuard<'static, ()>,
}

/// The attributes of a point, as text, and what was counted or added up.
type Points = Vec<(BTreeMap<String, String>, f64)>;

fn start(describe: impl FnOnce(TelemetryBuilder) -> TelemetryBuilder) -> Measured {
    start_with(InMemoryMetricExporter::default(), describe)
}

fn start_with(
    exporter: InMemoryMetricExporter,
    describe: impl FnOnce(TelemetryBuilder) -> TelemetryBuilder,
) -> Measured {
    let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let builder = Telemetry::builder()
        .environment(|name| (name == "OTEL_TRACES_EXPORTER").then(|| "none".to_owned()))
        .service_name("measured")
        .metric_exporter(exporter.clone());
    Measured { telemetry: describe(builder).install().unwrap(), exporter, _one: one }
}

impl Measured {
    /// The points of a metric as they are now: of a histogram how many values it has.
    fn points(&self, name: &str) -> Points {
        self.telemetry.flush().unwrap();
        let all = self.exporter.get_finished_metrics().unwrap();
        let latest = all.last().map(|last| last.scope_metrics().flat_map(|scope| scope.metrics()).collect::<Vec<_>>());
        latest.unwrap_or_default().into_iter().filter(|metric| metric.name() == name).flat_map(points).collect()
    }

    /// The points whose attribute `key` is `value`.
    fn matching(&self, name: &str, key: &str, value: &str) -> Points {
        self.points(name).into_iter().filter(|(a, _)| a.get(key).is_some_and(|v| v == value)).collect()
    }
}

fn points(metric: &Metric) -> Points {
    fn of<T: Copy>(data: &MetricData<T>, number: impl Fn(T) -> f64) -> Points {
        let key = |kv: &traced::opentelemetry::KeyValue| (kv.key.to_string(), kv.value.to_string());
        match data {
            MetricData::Gauge(gauge) => {
                gauge.data_points().map(|p| (p.attributes().map(key).collect(), number(p.value()))).collect()
            }
            MetricData::Sum(sum) => {
                sum.data_points().map(|p| (p.attributes().map(key).collect(), number(p.value()))).collect()
            }
            MetricData::Histogram(histogram) => {
                histogram.data_points().map(|p| (p.attributes().map(key).collect(), p.count() as f64)).collect()
            }
            MetricData::ExponentialHistogram(_) => Vec::new(),
        }
    }
    match metric.data() {
        AggregatedMetrics::F64(data) => of(data, |v| v),
        AggregatedMetrics::I64(data) => of(data, |v| v as f64),
        AggregatedMetrics::U64(data) => of(data, |v| v as f64),
    }
}

fn keys(points: &Points) -> Vec<&str> {
    points[0].0.keys().map(String::as_str).collect()
}

#[test]
fn a_statement_is_measured_though_no_span_is_recorded() {
    let measured = start(|builder| builder.sampler(traced::opentelemetry_sdk::trace::Sampler::AlwaysOff));
    let database = traced::database::Database::new("sqlite").namespace("metrics.db");
    let ok: Result<i32, std::fmt::Error> = database.statement("SELECT title FROM books WHERE id = ?").run(|| Ok(1));
    ok.unwrap();
    let failing = database.clone().error_code(|_| Some("SQLITE_BUSY".into()));
    failing.statement("DELETE FROM books").run(|| Err::<(), _>(std::fmt::Error)).unwrap_err();
    let duration = "db.client.operation.duration";
    let select = measured.matching(duration, "db.operation.name", "SELECT");
    assert_eq!(select.len(), 1);
    assert_eq!(select[0].1, 1.0);
    let expected = ["db.collection.name", "db.namespace", "db.operation.name", "db.query.summary", "db.system.name"];
    assert_eq!(keys(&select), expected);
    let delete = measured.matching(duration, "db.operation.name", "DELETE");
    assert_eq!(delete[0].0["error.type"], "SQLITE_BUSY");
    assert_eq!(delete[0].0["db.response.status_code"], "SQLITE_BUSY");
}

#[test]
fn a_statement_that_is_given_up_is_cancelled() {
    let measured = start(|builder| builder);
    let database = traced::database::Database::new("sqlite").namespace("cancelled.db");
    let mut statement =
        Box::pin(database.statement("SELECT 1").in_future(std::future::pending::<Result<(), std::fmt::Error>>()));
    let waker = std::task::Waker::noop();
    assert!(statement.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending());
    drop(statement);
    let points = measured.matching("db.client.operation.duration", "db.namespace", "cancelled.db");
    assert_eq!(points[0].0["error.type"], "cancelled");
}

/// Takes the first batch and no other.
#[derive(Debug, Default)]
struct Once(std::sync::atomic::AtomicBool);

impl traced::opentelemetry_sdk::trace::SpanExporter for Once {
    async fn export(
        &self,
        _: Vec<traced::opentelemetry_sdk::trace::SpanData>,
    ) -> traced::opentelemetry_sdk::error::OTelSdkResult {
        match self.0.swap(true, std::sync::atomic::Ordering::Relaxed) {
            false => Ok(()),
            true => Err(traced::opentelemetry_sdk::error::OTelSdkError::InternalFailure("no more".to_owned())),
        }
    }
}

#[traced::traced]
fn work() {}

#[test]
fn the_pipeline_counts_what_it_starts_exports_and_loses() {
    let measured = start(|builder| builder.span_exporter(Once::default()).on_warning(|_| {}));
    work();
    measured.telemetry.flush().unwrap();
    work();
    work();
    measured.telemetry.flush().unwrap_err();
    let sum = |name: &str| measured.points(name).iter().map(|(_, value)| value).sum::<f64>();
    assert_eq!(sum("otel.sdk.span.started"), 3.0);
    assert_eq!(sum("otel.sdk.span.live"), 0.0);
    assert_eq!(sum("otel.sdk.processor.span.processed"), 3.0);
    let failed = measured.matching("otel.sdk.exporter.span.exported", "error.type", "_OTHER");
    assert_eq!(failed[0].1, 2.0);
    assert_eq!(sum("otel.sdk.exporter.span.exported"), 3.0);
    assert_eq!(measured.matching("otel.sdk.exporter.operation.duration", "error.type", "_OTHER")[0].1, 1.0);
    assert_eq!(sum("otel.sdk.exporter.span.inflight"), 0.0);
    let exported = measured.points("otel.sdk.exporter.span.exported");
    assert!(exported.iter().all(|(a, _)| a["otel.component.type"].ends_with("::Once")), "{exported:?}");
    assert!(exported.iter().all(|(a, _)| a["otel.component.name"].ends_with("::Once/0")), "{exported:?}");
    let processed = measured.points("otel.sdk.processor.span.processed");
    let reasons: std::collections::BTreeSet<_> = processed.iter().filter_map(|(a, _)| a.get("error.type")).collect();
    let expected = ["already_shutdown", "queue_full", "thread_ending", "too_large"];
    assert_eq!(reasons.into_iter().collect::<Vec<_>>(), expected);
    assert!(sum("traced.queue.max_bytes") > 0.0);
}

#[test]
fn after_the_shutdown_nobody_measures() {
    let measured = start(|builder| builder);
    measured.telemetry.shutdown().unwrap();
    let before = measured.exporter.get_finished_metrics().unwrap().len();
    let database = traced::database::Database::new("sqlite");
    database.statement("SELECT 1").run(|| Ok::<_, std::fmt::Error>(())).unwrap();
    assert_eq!(measured.exporter.get_finished_metrics().unwrap().len(), before);
}

/// A telemetry whose metrics go to `collector`, and what it warns of.
fn to(collector: &Collector) -> (Telemetry, Arc<Mutex<Vec<String>>>) {
    let base = collector.base();
    let warnings = Arc::<Mutex<Vec<String>>>::default();
    let heard = Arc::clone(&warnings);
    let telemetry = Telemetry::builder()
        .environment(move |name| match name {
            "OTEL_TRACES_EXPORTER" => Some("none".to_owned()),
            "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(base.clone()),
            "OTEL_EXPORTER_OTLP_COMPRESSION" => Some("none".to_owned()),
            _ => None,
        })
        .service_name("measured")
        .on_warning(move |warning| heard.lock().unwrap().push(warning.to_string()))
        .install()
        .unwrap();
    (telemetry, warnings)
}

#[test]
fn otlp_is_the_default() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let collector = Collector::start(Answer::Ok);
    let (telemetry, warnings) = to(&collector);
    let database = traced::database::Database::new("sqlite");
    database.statement("SELECT 1").run(|| Ok::<_, std::fmt::Error>(())).unwrap();
    telemetry.shutdown().unwrap();
    let (path, body) = collector.others().pop().unwrap();
    assert_eq!(path, "/v1/metrics");
    let request = ExportMetricsServiceRequest::decode(body.as_slice()).unwrap();
    let resource = request.resource_metrics[0].resource.as_ref().unwrap();
    assert!(resource.attributes.iter().any(|pair| pair.key == "service.name"));
    let metrics = request.resource_metrics[0].scope_metrics.iter().flat_map(|scope| &scope.metrics);
    assert!(metrics.map(|metric| metric.name.as_str()).any(|name| name == "db.client.operation.duration"));
    assert!(warnings.lock().unwrap().is_empty());
}

#[test]
fn a_collector_that_takes_no_metrics_is_one_warning_with_the_remedy() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let collector = Collector::start(Answer::Status(404));
    let (telemetry, warnings) = to(&collector);
    let database = traced::database::Database::new("sqlite");
    for _ in 0..2 {
        database.statement("SELECT 1").run(|| Ok::<_, std::fmt::Error>(())).unwrap();
        assert!(telemetry.flush().unwrap_err().to_string().contains("the metrics could not be delivered"));
    }
    telemetry.shutdown().unwrap_err();
    let warnings = warnings.lock().unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("metrics can't be delivered to http://"), "{warnings:?}");
    assert!(warnings[0].contains("OTEL_METRICS_EXPORTER=none"), "{warnings:?}");
}

#[path = "metrics/functions.rs"]
mod functions;
#[path = "metrics/series.rs"]
mod series;

#[cfg(feature = "warp")]
mod warp_edge {
    use warp::Filter;

    use super::*;

    fn routes() -> impl Filter<Extract = (warp::reply::Response,), Error = warp::Rejection> + Clone {
        let book =
            warp::path!("books" / i64).and(traced::warp::route("/books/{id}")).map(|id: i64| format!("book {id}"));
        let broken =
            warp::path!("broken").and(traced::warp::route("/broken")).map(|| http::StatusCode::INTERNAL_SERVER_ERROR);
        let health = warp::path!("health").map(|| "ok");
        traced::warp::trace().exclude("/health").wrap(book.or(broken).or(health))
    }

    #[tokio::test]
    async fn requests_are_measured_by_route_and_status() {
        let measured = start(|builder| builder.sampler(traced::opentelemetry_sdk::trace::Sampler::AlwaysOff));
        let routes = routes();
        for path in ["/books/1", "/books/2", "/broken", "/health", "/nowhere"] {
            warp::test::request().path(path).body("12345").reply(&routes).await;
        }
        let duration = "http.server.request.duration";
        let books = measured.matching(duration, "http.route", "/books/{id}");
        assert_eq!((books.len(), books[0].1), (1, 2.0));
        let expected = [
            "http.request.method",
            "http.response.status_code",
            "http.route",
            "network.protocol.version",
            "url.scheme",
        ];
        assert_eq!(keys(&books), expected);
        let broken = measured.matching(duration, "http.route", "/broken");
        assert_eq!(
            (broken[0].0["error.type"].as_str(), broken[0].0["http.response.status_code"].as_str()),
            ("500", "500")
        );
        let lost = measured.matching(duration, "http.response.status_code", "404");
        assert!(lost[0].1 == 1.0 && !lost[0].0.contains_key("http.route"), "{lost:?}");
        let all: f64 = measured.points(duration).iter().map(|(_, count)| count).sum();
        assert_eq!(all, 4.0, "an excluded path is not measured");
        assert!(measured.points("http.server.active_requests").iter().all(|(_, active)| *active == 0.0));
        assert_eq!(measured.matching("http.server.response.body.size", "http.route", "/books/{id}")[0].1, 2.0);
        assert_eq!(measured.matching("http.server.request.body.size", "http.route", "/books/{id}")[0].1, 2.0);
    }

    #[tokio::test]
    async fn a_request_under_way_is_active_and_one_that_is_given_up_is_cancelled() {
        let measured = start(|builder| builder);
        let never = warp::path!("never")
            .and(traced::warp::route("/never"))
            .and_then(std::future::pending::<Result<String, warp::Rejection>>);
        let routes = traced::warp::trace().wrap(never);
        let mut request = Box::pin(warp::test::request().path("/never").reply(&routes));
        let waker = std::task::Waker::noop();
        assert!(request.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending());
        assert_eq!(measured.points("http.server.active_requests")[0].1, 1.0);
        drop(request);
        assert_eq!(measured.points("http.server.active_requests")[0].1, 0.0);
        let points = measured.matching("http.server.request.duration", "http.route", "/never");
        assert_eq!(points[0].0["error.type"], "cancelled");
    }

    #[tokio::test]
    async fn a_panic_is_measured_with_its_answer() {
        let measured = start(|builder| builder);
        let panics =
            warp::path!("panics").and(traced::warp::route("/panics")).map(|| -> String { panic!("it panics") });
        warp::test::request().path("/panics").reply(&traced::warp::trace().wrap(panics)).await;
        let points = measured.matching("http.server.request.duration", "http.route", "/panics");
        let point = &points[0].0;
        assert_eq!((point["error.type"].as_str(), point["http.response.status_code"].as_str()), ("panic", "500"));
        assert_eq!(measured.points("http.server.active_requests")[0].1, 0.0);
    }

    #[tokio::test]
    async fn a_request_is_over_though_what_it_started_goes_on() {
        let measured = start(|builder| builder);
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let ended = Arc::new(Mutex::new(Some(ended)));
        let starts = warp::path!("starts").and(traced::warp::route("/starts")).map(move || {
            let ended = ended.lock().unwrap().take().unwrap();
            traced::spawn(async { drop(ended.await) });
            "started"
        });
        warp::test::request().path("/starts").reply(&traced::warp::trace().wrap(starts)).await;
        assert_eq!(measured.points("http.server.active_requests")[0].1, 0.0);
        assert_eq!(measured.matching("http.server.request.duration", "http.route", "/starts")[0].1, 1.0);
        drop(end);
    }

    #[tokio::test]
    async fn a_streamed_answer_is_active_until_its_end() {
        let measured = start(|builder| builder);
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let gone = Arc::new(Mutex::new(Some(gone)));
        let streams = warp::path!("streams").and(traced::warp::route("/streams")).map(move || {
            let gone = gone.lock().unwrap().take().unwrap();
            let last = async { gone.await.map(|()| "chunk").map_err(std::io::Error::other) };
            warp::reply::stream(futures_util::stream::once(last))
        });
        let service = traced::warp::trace().wrap(streams);
        let mut request = Box::pin(warp::test::request().path("/streams").reply(&service));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(request.as_mut().poll(&mut cx).is_pending());
        assert_eq!(measured.points("http.server.active_requests")[0].1, 1.0);
        go.send(()).unwrap();
        assert_eq!(request.await.body(), "chunk");
        assert_eq!(measured.points("http.server.active_requests")[0].1, 0.0);
        assert_eq!(measured.matching("http.server.response.body.size", "http.route", "/streams")[0].1, 1.0);
    }

    #[cfg(feature = "prometheus")]
    #[tokio::test]
    async fn prometheus_reads_the_same() {
        let measured = start(TelemetryBuilder::prometheus);
        warp::test::request().path("/books/1").reply(&routes()).await;
        let text = measured.telemetry.prometheus().unwrap().text();
        assert!(text.contains("# TYPE http_server_request_duration_seconds histogram"), "{text}");
        assert!(text.contains("http_route=\"/books/{id}\""), "{text}");
        assert!(text.contains("le=\"0.005\""), "{text}");
        assert!(text.contains("service_name=\"measured\""), "{text}");
        let clone = measured.telemetry.prometheus().unwrap();
        measured.telemetry.shutdown().unwrap();
        assert!(!clone.text().contains("http_server_request_duration"), "{}", clone.text());
    }
}

#[cfg(feature = "prometheus")]
#[test]
fn without_being_asked_for_there_is_no_text() {
    let measured = start(|builder| builder);
    assert!(measured.telemetry.prometheus().is_none());
}
