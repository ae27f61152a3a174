//! An OTLP/HTTP receiver in the test process.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use warp::Filter;
use warp::http::{HeaderMap, Response};
use warp::hyper::body::Bytes;

use crate::process::wait_until;
use crate::span::{Seen, SeenEvent};

/// How the receiver answers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// 200.
    Accept,
    /// 200 after this time.
    AcceptAfter(Duration),
    /// 503: the sender may try again.
    Unavailable,
    /// This status, with an empty body.
    Status(u16),
    /// 200, but so many spans were rejected, and why.
    Reject(i64, String),
}

/// A request that the receiver got.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Received {
    /// The path that it was sent to.
    pub path: String,
    /// Its headers; a name that comes twice is kept once.
    pub headers: BTreeMap<String, String>,
    /// Its body, decompressed.
    pub body: Vec<u8>,
    /// The status that it was answered with.
    pub status: u16,
    /// The spans in it.
    pub spans: Vec<Seen>,
}

/// An OTLP/HTTP receiver on a loopback port, which keeps what it gets.
pub struct OtlpReceiver {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    answer: Answer,
    received: Vec<Received>,
}

impl OtlpReceiver {
    /// Starts it; it accepts everything until [told otherwise](Self::answer).
    ///
    /// # Panics
    ///
    /// If loopback has no port left.
    pub fn start() -> Self {
        let state = Arc::new(Mutex::new(State { answer: Answer::Accept, received: Vec::new() }));
        let (stop, stopped) = oneshot::channel();
        let (listening, address) = mpsc::channel();
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a loopback port");
                listening.send(listener.local_addr().expect("its address")).expect("the test waits");
                tokio::spawn(warp::serve(routes(shared)).incoming(listener).run());
                let _ = stopped.await;
            });
        });
        let address = address.recv().expect("the receiver listens");
        Self { address, state, stop: Some(stop), thread: Some(thread) }
    }

    /// Its address, for `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How it answers from now on.
    pub fn answer(&self, answer: Answer) {
        self.state().answer = answer;
    }

    /// The requests that it got so far.
    pub fn received(&self) -> Vec<Received> {
        self.state().received.clone()
    }

    /// The spans that it accepted so far.
    pub fn spans(&self) -> Vec<Seen> {
        let state = self.state();
        state.received.iter().filter(|r| r.status == 200).flat_map(|r| r.spans.iter().cloned()).collect()
    }

    /// Waits until the accepted spans are as `wanted` says.
    ///
    /// # Panics
    ///
    /// If they are not within 15 seconds; the message lists those that there are.
    #[track_caller]
    pub fn wait_for(&self, what: &str, wanted: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
        let ready = || Some(self.spans()).filter(|spans| wanted(spans));
        wait_until(Duration::from_secs(15), ready).unwrap_or_else(|| {
            let names: Vec<String> = self.spans().into_iter().map(|span| span.name).collect();
            panic!("waited in vain for {what}; {} spans arrived: {names:?}", names.len())
        })
    }

    /// Which of `words` occur in the bytes that it got (bodies decompressed, paths and headers), each with what is around it.
    pub fn found(&self, words: &[&str]) -> Vec<String> {
        let state = self.state();
        let mut bytes = Vec::new();
        for received in &state.received {
            bytes.extend_from_slice(&received.body);
            bytes.extend_from_slice(format!("\n{}\n{:?}\n", received.path, received.headers).as_bytes());
        }
        let around = |word: &&str| {
            let at = bytes.windows(word.len()).position(|window| window == word.as_bytes())?;
            let (start, end) = (at.saturating_sub(60), (at + word.len() + 20).min(bytes.len()));
            Some(format!("{word}, in {:?}", String::from_utf8_lossy(&bytes[start..end])))
        };
        words.iter().filter_map(around).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OtlpReceiver {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for OtlpReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtlpReceiver").field("address", &self.address).finish_non_exhaustive()
    }
}

fn routes(
    state: Arc<Mutex<State>>,
) -> impl Filter<Extract = (Response<Vec<u8>>,), Error = warp::Rejection> + Clone + Send + Sync + 'static {
    warp::post().and(warp::path::full()).and(warp::header::headers_cloned()).and(warp::body::bytes()).then(
        move |path: warp::path::FullPath, headers: HeaderMap, wire: Bytes| {
            let state = Arc::clone(&state);
            async move { receive(&state, path.as_str().to_owned(), &headers, &wire).await }
        },
    )
}

async fn receive(state: &Mutex<State>, path: String, headers: &HeaderMap, wire: &[u8]) -> Response<Vec<u8>> {
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = lock().answer.clone();
    let decoded = decompress(headers, wire).and_then(|body| Some((decode(&path, &body)?, body)));
    let (status, rejected) = match (&answer, &decoded) {
        (_, None) => (400, None),
        (Answer::Accept | Answer::AcceptAfter(_), _) => (200, None),
        (Answer::Unavailable, _) => (503, None),
        (Answer::Status(status), _) => (*status, None),
        (Answer::Reject(spans, why), _) => {
            (200, Some(ExportTracePartialSuccess { rejected_spans: *spans, error_message: why.clone() }))
        }
    };
    if let Answer::AcceptAfter(time) = answer {
        tokio::time::sleep(time).await;
    }
    let (spans, body) = decoded.unwrap_or_else(|| (Vec::new(), wire.to_vec()));
    let headers = headers.iter().map(|(k, v)| (k.to_string(), String::from_utf8_lossy(v.as_bytes()).into_owned()));
    lock().received.push(Received { path, headers: headers.collect(), body, status, spans });
    let answer = if status == 200 {
        ExportTraceServiceResponse { partial_success: rejected }.encode_to_vec()
    } else {
        Vec::new()
    };
    let response = Response::builder().status(status).header("content-type", "application/x-protobuf").body(answer);
    response.expect("a valid response")
}

fn decompress(headers: &HeaderMap, wire: &[u8]) -> Option<Vec<u8>> {
    let encoding = headers.get("content-encoding").map(|value| value.to_str().unwrap_or("?"));
    match encoding {
        None | Some("identity") => Some(wire.to_vec()),
        Some("gzip") => {
            let mut body = Vec::new();
            flate2::read::GzDecoder::new(wire).read_to_end(&mut body).ok()?;
            Some(body)
        }
        Some(_) => None,
    }
}

/// The spans of a request to `/v1/traces`; metrics and logs are kept as bytes alone.
fn decode(path: &str, body: &[u8]) -> Option<Vec<Seen>> {
    if path != "/v1/traces" {
        return Some(Vec::new());
    }
    let request = ExportTraceServiceRequest::decode(body).ok()?;
    let mut spans = Vec::new();
    for group in request.resource_spans {
        let resource = texts(group.resource.map(|resource| resource.attributes).unwrap_or_default());
        for scoped in group.scope_spans {
            let scope = scoped.scope.map(|scope| scope.name).unwrap_or_default();
            for span in scoped.spans {
                let event = |event: opentelemetry_proto::tonic::trace::v1::span::Event| SeenEvent {
                    name: event.name,
                    attributes: texts(event.attributes),
                };
                let status = span.status.map_or(StatusCode::Unset, |status| status.code());
                spans.push(Seen {
                    kind: kind(SpanKind::try_from(span.kind).unwrap_or_default()),
                    trace_id: hex(&span.trace_id),
                    span_id: hex(&span.span_id),
                    parent_id: hex(&span.parent_span_id),
                    name: span.name,
                    status: status.as_str_name().trim_start_matches("STATUS_CODE_").to_ascii_lowercase(),
                    start: span.start_time_unix_nano,
                    end: span.end_time_unix_nano,
                    attributes: texts(span.attributes),
                    events: span.events.into_iter().map(event).collect(),
                    scope: scope.clone(),
                    resource: resource.clone(),
                });
            }
        }
    }
    Some(spans)
}

fn kind(kind: SpanKind) -> String {
    kind.as_str_name().trim_start_matches("SPAN_KIND_").to_ascii_lowercase()
}

fn texts(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    attributes.into_iter().map(|kv| (kv.key, kv.value.as_ref().map(text).unwrap_or_default())).collect()
}

fn text(value: &AnyValue) -> String {
    match &value.value {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::BoolValue(value)) => value.to_string(),
        Some(Value::IntValue(value)) => value.to_string(),
        Some(Value::DoubleValue(value)) => value.to_string(),
        Some(Value::BytesValue(bytes)) => hex(bytes),
        Some(Value::ArrayValue(list)) => format!("[{}]", list.values.iter().map(text).collect::<Vec<_>>().join(", ")),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
