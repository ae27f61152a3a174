//! Spans that go to a collector over gRPC: a server of tonic's takes them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry_otlp::WithExportConfig;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tonic::codec::CompressionEncoding;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};
use traced::{FlushError, Telemetry, TelemetryBuilder, Warning};

/// Installing is for the whole process: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a collector answers: what it refuses, else so many rejected spans.
type Answer = Result<i64, Status>;

#[derive(Debug, Clone)]
struct Service {
    /// The last one stays.
    answers: Arc<Mutex<Vec<Answer>>>,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

#[derive(Debug, Clone)]
struct Arrived {
    at: Instant,
    metadata: tonic::metadata::MetadataMap,
    from: Option<SocketAddr>,
    body: ExportTraceServiceRequest,
}

#[tonic::async_trait]
impl TraceService for Service {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let from = request.remote_addr();
        let (metadata, _, body) = request.into_parts();
        self.arrived.lock().unwrap().push(Arrived { at: Instant::now(), metadata, from, body });
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        let rejected_spans = answer?;
        let partial = ExportTracePartialSuccess { rejected_spans, error_message: String::new() };
        Ok(Response::new(ExportTraceServiceResponse { partial_success: Some(partial) }))
    }
}

/// A collector that answers in this order.
struct Collector {
    address: SocketAddr,
    service: Service,
    end: Option<oneshot::Sender<()>>,
    runtime: Runtime,
}

impl Collector {
    fn start(answers: impl Into<Vec<Answer>>) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), answers)
    }

    fn at(address: SocketAddr, answers: impl Into<Vec<Answer>>) -> Self {
        Self::with(address, answers, Server::builder())
    }

    fn with(address: SocketAddr, answers: impl Into<Vec<Answer>>, mut server: Server) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let service = Service { answers: Arc::new(Mutex::new(answers.into())), arrived: Arc::default() };
        let (end, ended) = oneshot::channel();
        let listener = runtime.block_on(TcpListener::bind(address)).unwrap();
        let address = listener.local_addr().unwrap();
        let traces = TraceServiceServer::new(service.clone()).accept_compressed(CompressionEncoding::Gzip);
        let serve = server.add_service(traces).serve_with_incoming_shutdown(TcpIncoming::from(listener), async {
            let _ = ended.await;
        });
        runtime.spawn(serve);
        Self { address, service, end: Some(end), runtime }
    }

    fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    fn arrived(&self) -> Vec<Arrived> {
        self.service.arrived.lock().unwrap().clone()
    }

    /// The names of the spans of the requests that were taken or refused.
    fn names(&self) -> Vec<String> {
        let requests = self.arrived().into_iter().flat_map(|arrived| arrived.body.resource_spans);
        let scopes = requests.flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).map(|span| span.name).collect()
    }

    /// Ends it, and the connections to it.
    fn end(mut self) -> SocketAddr {
        if let Some(end) = self.end.take() {
            let _ = end.send(());
        }
        self.runtime.shutdown_timeout(Duration::from_secs(5));
        self.address
    }
}

type Warnings = Arc<Mutex<Vec<String>>>;

fn builder(variables: &[(&'static str, &str)]) -> (TelemetryBuilder, Warnings) {
    let mut variables: Vec<_> = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    variables.push(("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc".to_owned()));
    variables.push(("OTEL_METRICS_EXPORTER", "none".to_owned()));
    variables.push(("OTEL_LOGS_EXPORTER", "none".to_owned()));
    let warnings = Warnings::default();
    let heard = Arc::clone(&warnings);
    let builder = Telemetry::builder()
        .environment(move |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone()))
        .on_warning(move |warning: &Warning| heard.lock().unwrap().push(warning.to_string()));
    (builder, warnings)
}

fn to(collector: &Collector) -> TelemetryBuilder {
    builder(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.base())]).0
}

#[traced::traced(attrs(book.id = 7))]
fn work() {}

#[test]
fn spans_arrive_with_the_headers_as_metadata_over_one_connection() {
    let _alone = alone();
    let collector = Collector::start([Ok(0)]);
    let base = collector.base();
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", base.as_str()), ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=a%20b")];
    let (builder, warnings) = builder(&variables);
    let telemetry = builder.service_name("shop").install().unwrap();
    let destination = format!("{base}/opentelemetry.proto.collector.trace.v1.TraceService/Export (OTLP over gRPC)");
    assert_eq!(telemetry.destination(), format!("traces go to {destination}"));
    for _ in 0..3 {
        work();
        telemetry.flush().unwrap();
    }
    let arrived = collector.arrived();
    assert_eq!(collector.names(), ["work", "work", "work"]);
    for request in &arrived {
        assert_eq!(request.metadata.get("x-tenant").unwrap(), "a b");
        assert_eq!(request.from, arrived[0].from);
        assert!(request.metadata.get("user-agent").unwrap().to_str().unwrap().starts_with("OTel-OTLP-Exporter-Rust/"));
        assert!(request.metadata.get("grpc-timeout").unwrap().to_str().unwrap().ends_with('m'));
    }
    assert_eq!((telemetry.health().exported, telemetry.health().dropped.total()), (3, 0));
    drop(telemetry);
    assert!(warnings.lock().unwrap().is_empty(), "{warnings:?}");
}

#[test]
fn code_can_ask_for_grpc_too() {
    let _alone = alone();
    let collector = Collector::start([Ok(0)]);
    let base = collector.base();
    let lookup = move |name: &str| match name {
        "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(base.clone()),
        // Code goes first.
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL" => Some("http/protobuf".to_owned()),
        "OTEL_METRICS_EXPORTER" | "OTEL_LOGS_EXPORTER" => Some("none".to_owned()),
        _ => None,
    };
    let telemetry =
        Telemetry::builder().environment(lookup).otlp_protocol(traced::OtlpProtocol::Grpc).install().unwrap();
    work();
    telemetry.flush().unwrap();
    assert_eq!(collector.names(), ["work"]);
}

#[test]
fn a_batch_of_two_mebibytes_arrives_compressed_and_not() {
    let _alone = alone();
    for compression in ["none", "gzip"] {
        let collector = Collector::start([Ok(0)]);
        let base = collector.base();
        let variables =
            [("OTEL_EXPORTER_OTLP_ENDPOINT", base.as_str()), ("OTEL_EXPORTER_OTLP_COMPRESSION", compression)];
        let telemetry = builder(&variables).0.install().unwrap();
        (0..30_000).for_each(|_| work());
        telemetry.flush().unwrap();
        assert_eq!(collector.names().len(), 30_000);
        let gzip = compression == "gzip";
        assert!(collector.arrived().iter().all(|request| request.metadata.contains_key("grpc-encoding") == gzip));
    }
}

#[test]
fn spans_that_the_collector_rejects_are_counted() {
    let _alone = alone();
    let collector = Collector::start([Ok(1)]);
    let telemetry = to(&collector).install().unwrap();
    work();
    work();
    assert!(matches!(telemetry.flush(), Err(FlushError::Lost { spans: 1, .. })));
    assert_eq!((telemetry.health().exported, telemetry.health().dropped.rejected), (1, 1));
}

#[test]
fn a_status_that_may_be_repeated_is_and_another_is_not() {
    let _alone = alone();
    for code in
        [Code::Cancelled, Code::DeadlineExceeded, Code::Aborted, Code::OutOfRange, Code::Unavailable, Code::DataLoss]
    {
        let collector = Collector::start([Err(Status::new(code, "")), Ok(0)]);
        let telemetry = to(&collector).install().unwrap();
        work();
        telemetry.flush().unwrap();
        assert_eq!(collector.arrived().len(), 2, "{code:?}");
    }
    for (code, hint) in [
        (Code::InvalidArgument, "INVALID_ARGUMENT (3)"),
        (Code::Unauthenticated, "OTEL_EXPORTER_OTLP_HEADERS"),
        (Code::Unimplemented, "OTEL_TRACES_EXPORTER=none"),
        (Code::ResourceExhausted, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"),
        (Code::Internal, "INTERNAL (13)"),
    ] {
        let collector = Collector::start([Err(Status::new(code, "canary"))]);
        let telemetry = to(&collector).install().unwrap();
        work();
        let error = telemetry.flush().unwrap_err();
        assert!(matches!(error, FlushError::Lost { spans: 1, .. }), "{error}");
        assert!(error.to_string().contains(hint) && !error.to_string().contains("canary"), "{error}");
        assert_eq!(collector.arrived().len(), 1, "{code:?}");
    }
}

/// `google.rpc.Status` with a `RetryInfo` of so many milliseconds.
fn retry_after(milliseconds: u32) -> Vec<u8> {
    fn field(number: u8, value: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(value.len()).unwrap()], value].concat()
    }
    // RetryInfo.retry_delay, a Duration: nanos are its second field.
    let mut nanos = vec![2 << 3];
    let mut value = milliseconds * 1_000_000;
    while value >= 0x80 {
        nanos.push(value as u8 | 0x80);
        value >>= 7;
    }
    nanos.push(value as u8);
    let any = [field(1, b"type.googleapis.com/google.rpc.RetryInfo"), field(2, &field(1, &nanos))].concat();
    [vec![1 << 3, 8], field(3, &any)].concat()
}

#[test]
fn exhausted_resources_are_waited_for_as_long_as_the_collector_asks() {
    let _alone = alone();
    let status = Status::with_details(Code::ResourceExhausted, "", retry_after(900).into());
    let collector = Collector::start([Err(status), Ok(0)]);
    let telemetry = to(&collector).install().unwrap();
    work();
    telemetry.flush().unwrap();
    let arrived = collector.arrived();
    assert_eq!(arrived.len(), 2);
    // Unasked it would be 375 ms at most.
    let waited = arrived[1].at - arrived[0].at;
    assert!(waited >= Duration::from_millis(900), "{waited:?}");
}

#[test]
fn a_collector_that_starts_anew_gets_what_comes_next() {
    let _alone = alone();
    let collector = Collector::start([Ok(0)]);
    let telemetry = to(&collector).install().unwrap();
    work();
    telemetry.flush().unwrap();
    let address = collector.end();
    work();
    assert!(matches!(telemetry.flush(), Err(FlushError::Undelivered { spans: 1, .. })));
    let collector = Collector::at(address, [Ok(0)]);
    work();
    telemetry.flush().unwrap();
    assert_eq!(collector.names().len(), 2);
    assert_eq!((telemetry.health().exported, telemetry.health().dropped.total()), (3, 0));
}

#[test]
fn what_speaks_no_grpc_is_a_failed_batch() {
    let _alone = alone();
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let telemetry = builder(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)])
        .0
        .flush_timeout(Duration::from_secs(300))
        .install()
        .unwrap();
    work();
    let error = telemetry.flush().unwrap_err();
    assert!(matches!(error, FlushError::Undelivered { spans: 1, .. }), "{error}");
}

#[test]
fn a_collector_that_says_nothing_holds_the_end_up_no_longer_than_the_timeout() {
    let _alone = alone();
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (builder, _) = builder(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    let telemetry = builder.flush_timeout(Duration::from_millis(400)).install().unwrap();
    work();
    let start = Instant::now();
    assert!(matches!(telemetry.flush().unwrap_err(), FlushError::TimedOut { pending: 1, .. }));
    drop(telemetry);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn the_exporter_of_opentelemetry_otlp_can_be_given_in_code() {
    let _alone = alone();
    let collector = Collector::start([Ok(0)]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let exporter = {
        // It needs a runtime, and remembers the one it was made in.
        let _entered = runtime.enter();
        opentelemetry_otlp::SpanExporter::builder().with_tonic().with_endpoint(collector.base()).build().unwrap()
    };
    let telemetry = builder(&[]).0.span_exporter(exporter).install().unwrap();
    work();
    telemetry.flush().unwrap();
    telemetry.shutdown().unwrap();
    assert_eq!(collector.names(), ["work"]);
}

/// A certificate and its key, signed by `issuer`, as PEM.
fn signed(name: &str, issuer: &rcgen::Issuer<'_, rcgen::KeyPair>) -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, issuer).unwrap();
    (certificate.pem(), key.serialize_pem())
}

#[test]
fn over_tls_both_sides_show_certificates() {
    use tonic::transport::{Certificate, Identity, ServerTlsConfig};
    let _alone = alone();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new([]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = rcgen::Issuer::new(params, key);
    let (server, client) = (signed("localhost", &issuer), signed("client", &issuer));
    let tls = ServerTlsConfig::new()
        .identity(Identity::from_pem(server.0, server.1))
        .client_ca_root(Certificate::from_pem(&authority));
    let builder_of = Server::builder().tls_config(tls).unwrap();
    let collector = Collector::with("127.0.0.1:0".parse().unwrap(), [Ok(0)], builder_of);
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let endpoint = format!("https://localhost:{}", collector.address.port());
    let (authority, certificate, key) =
        (file("ca.pem", &authority), file("client.pem", &client.0), file("client.key", &client.1));
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", &authority),
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", &certificate),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", &key),
    ];
    let telemetry = builder(&variables).0.install().unwrap();
    work();
    telemetry.flush().unwrap();
    assert_eq!(collector.names(), ["work"]);
    drop(telemetry);

    let stranger = builder(&variables[..2]).0.install().unwrap();
    work();
    assert!(matches!(stranger.flush().unwrap_err(), FlushError::Undelivered { spans: 1, .. }));
    drop(stranger);

    let trusting_others =
        [variables[0], ("OTEL_EXPORTER_OTLP_CERTIFICATE", certificate.as_str()), variables[2], variables[3]];
    let wary = builder(&trusting_others).0.install().unwrap();
    work();
    let error = wary.flush().unwrap_err().to_string();
    assert!(error.contains("OTEL_EXPORTER_OTLP_CERTIFICATE"), "{error}");
    assert_eq!(collector.names(), ["work"]);
}
