//! Metrics and log records that go to a collector over gRPC: a server of tonic's takes them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{LogsService, LogsServiceServer};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tonic::metadata::MetadataMap;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use traced::logs::Logs;
use traced::{Telemetry, Warning};

/// Installing is for the whole process: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What arrived, and how much of each request is refused.
#[derive(Debug, Clone, Default)]
struct Service {
    refused: i64,
    metrics: Arc<Mutex<Vec<(MetadataMap, ExportMetricsServiceRequest)>>>,
    logs: Arc<Mutex<Vec<(MetadataMap, ExportLogsServiceRequest)>>>,
}

#[tonic::async_trait]
impl MetricsService for Service {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let (metadata, _, body) = request.into_parts();
        self.metrics.lock().unwrap().push((metadata, body));
        let error_message = "canary".to_owned();
        let partial = ExportMetricsPartialSuccess { rejected_data_points: self.refused, error_message };
        Ok(Response::new(ExportMetricsServiceResponse { partial_success: Some(partial) }))
    }
}

#[tonic::async_trait]
impl LogsService for Service {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let (metadata, _, body) = request.into_parts();
        self.logs.lock().unwrap().push((metadata, body));
        let partial =
            ExportLogsPartialSuccess { rejected_log_records: self.refused, error_message: "canary".to_owned() };
        Ok(Response::new(ExportLogsServiceResponse { partial_success: Some(partial) }))
    }
}

/// A collector and a telemetry that sends it everything but spans.
struct Rig {
    service: Service,
    telemetry: Telemetry,
    warnings: Arc<Mutex<Vec<String>>>,
    _runtime: Runtime,
    _alone: MutexGuard<'static, ()>,
}

impl Rig {
    fn start(refused: i64) -> Self {
        let alone = alone();
        let service = Service { refused, ..Service::default() };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Server::builder()
            .add_service(MetricsServiceServer::new(service.clone()))
            .add_service(LogsServiceServer::new(service.clone()));
        runtime.spawn(router.serve_with_incoming(TcpIncoming::from(listener)));
        let variables = [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc".to_owned()),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=shop".to_owned()),
            ("OTEL_TRACES_EXPORTER", "none".to_owned()),
        ];
        let warnings = Arc::<Mutex<Vec<String>>>::default();
        let heard = Arc::clone(&warnings);
        let telemetry = Telemetry::builder()
            .environment(move |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone()))
            .on_warning(move |warning: &Warning| heard.lock().unwrap().push(warning.to_string()))
            .logs(Logs::text().writer(std::io::sink()))
            .install()
            .unwrap();
        Self { service, telemetry, warnings, _runtime: runtime, _alone: alone }
    }

    fn warnings_of(&self, signal: &str) -> Vec<String> {
        self.warnings.lock().unwrap().iter().filter(|warning| warning.contains(signal)).cloned().collect()
    }
}

#[traced::traced]
fn work() {
    let counter = traced::opentelemetry::global::meter("grpc").u64_counter("books.sold").build();
    counter.add(3, &[]);
    tracing::info!(book.id = 7, "sold");
}

#[test]
fn metrics_arrive_over_grpc() {
    let rig = Rig::start(0);
    work();
    rig.telemetry.flush().unwrap();
    let arrived = rig.service.metrics.lock().unwrap().clone();
    let (metadata, _) = &arrived[0];
    assert_eq!(metadata.get("x-tenant").unwrap(), "shop");
    let scopes = arrived.iter().flat_map(|(_, body)| &body.resource_metrics).flat_map(|one| &one.scope_metrics);
    assert!(scopes.flat_map(|scope| &scope.metrics).any(|metric| metric.name == "books.sold"), "{arrived:?}");
    assert!(rig.warnings.lock().unwrap().is_empty(), "{:?}", rig.warnings);
}

#[test]
fn log_records_arrive_over_grpc() {
    let rig = Rig::start(0);
    work();
    rig.telemetry.flush().unwrap();
    let arrived = rig.service.logs.lock().unwrap().clone();
    let (metadata, _) = &arrived[0];
    assert_eq!(metadata.get("x-tenant").unwrap(), "shop");
    let scopes = arrived.iter().flat_map(|(_, body)| &body.resource_logs).flat_map(|one| &one.scope_logs);
    let mut records = scopes.flat_map(|scope| &scope.log_records);
    assert!(records.any(|record| record.attributes.iter().any(|pair| pair.key == "book.id")), "{arrived:?}");
    assert!(rig.warnings.lock().unwrap().is_empty(), "{:?}", rig.warnings);
}

#[test]
fn what_the_collector_refuses_is_said_for_each_signal_without_its_words() {
    let rig = Rig::start(1);
    work();
    assert!(rig.telemetry.flush().is_err());
    for signal in ["metrics", "log records"] {
        let said = rig.warnings_of(&format!("refused some of the {signal}"));
        assert_eq!(said.len(), 1, "{:?}", rig.warnings);
        assert!(!said[0].contains("canary"));
    }
}
