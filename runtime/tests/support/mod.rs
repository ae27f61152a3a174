//! A collector on the loopback interface that answers as it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

/// How a collector answers.
#[derive(Debug, Clone, Copy)]
#[allow(dead_code)]
pub(crate) enum Answer {
    /// It takes everything.
    Ok,
    /// It takes the batch and refuses so many of its spans.
    Rejecting(i64),
    /// It answers with this status.
    Status(u16),
    /// It answers with this status, and is to be asked again after so many seconds.
    After(u16, u64),
    /// It takes the connection and says nothing.
    Silence,
}

/// One request as it arrived.
#[derive(Debug, Clone)]
#[allow(dead_code)]
pub(crate) struct Arrived {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: ExportTraceServiceRequest,
}

#[derive(Debug)]
struct Shared {
    answer: Mutex<Answer>,
    arrived: Mutex<Vec<Arrived>>,
    others: Mutex<Vec<(String, Vec<u8>)>>,
    refused: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
    end: AtomicBool,
}

/// A collector.
#[derive(Debug)]
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

#[allow(dead_code)]
impl Collector {
    pub(crate) fn start(answer: Answer) -> Self {
        Self::on(TcpListener::bind(("127.0.0.1", 0)).unwrap(), answer)
    }

    pub(crate) fn on(listener: TcpListener, answer: Answer) -> Self {
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            answer: Mutex::new(answer),
            arrived: Mutex::default(),
            others: Mutex::default(),
            refused: AtomicUsize::new(0),
            open: Mutex::default(),
            end: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if accepting.end.load(Ordering::SeqCst) {
                    return;
                }
                accepting.open.lock().unwrap().push(stream.try_clone().unwrap());
                let serving = Arc::clone(&accepting);
                std::thread::spawn(move || serve(stream, &serving));
            }
        });
        Self { address, shared }
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn answer(&self, answer: Answer) {
        *self.shared.answer.lock().unwrap() = answer;
    }

    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.shared.arrived.lock().unwrap().clone()
    }

    /// The requests for other signals: path and body.
    pub(crate) fn others(&self) -> Vec<(String, Vec<u8>)> {
        self.shared.others.lock().unwrap().clone()
    }

    /// How many batches were answered with another status than 200.
    pub(crate) fn refused(&self) -> usize {
        self.shared.refused.load(Ordering::SeqCst)
    }

    /// Every span that arrived, with the name of its scope.
    pub(crate) fn spans(&self) -> Vec<(String, Span)> {
        let mut spans = Vec::new();
        for scope in self.arrived().into_iter().flat_map(|a| a.body.resource_spans).flat_map(|r| r.scope_spans) {
            let name = scope.scope.map(|scope| scope.name).unwrap_or_default();
            spans.extend(scope.spans.into_iter().map(|span| (name.clone(), span)));
        }
        spans
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.shared.end.store(true, Ordering::SeqCst);
        // Wakes the accepting thread, and ends what is silent.
        let _ = TcpStream::connect(self.address);
        for stream in self.shared.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some((path, headers, body)) = request(&mut reader) {
        let answer = *shared.answer.lock().unwrap();
        if matches!(answer, Answer::Silence) {
            continue;
        }
        let rejected_spans = if let Answer::Rejecting(spans) = answer { spans } else { 0 };
        let (status, after) = match answer {
            Answer::Status(status) => (status, String::new()),
            Answer::After(status, seconds) => (status, format!("retry-after: {seconds}\r\n")),
            _ => (200, String::new()),
        };
        let other = path.ends_with("/v1/metrics") || path.ends_with("/v1/logs");
        if status == 200 && other {
            shared.others.lock().unwrap().push((path, body));
        } else if status == 200 {
            let body = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
            shared.arrived.lock().unwrap().push(Arrived { path, headers, body });
        } else {
            shared.refused.fetch_add(1, Ordering::SeqCst);
        }
        let partial = ExportTracePartialSuccess { rejected_spans, error_message: String::new() };
        let answer = ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec();
        let head = format!(
            "HTTP/1.1 {status} X\r\n{after}content-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&answer)).is_err() {
            return;
        }
    }
}

type Request = (String, Vec<(String, String)>, Vec<u8>);

fn request(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((path, headers, body))
}

/// The string under `key`.
#[allow(dead_code)]
pub(crate) fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    match value(attributes, key)? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

/// The value under `key`.
#[allow(dead_code)]
pub(crate) fn value<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    let attribute = attributes.iter().find(|attribute| attribute.key == key)?;
    match &attribute.value {
        Some(AnyValue { value }) => value.as_ref(),
        None => None,
    }
}

/// Waits until `condition` holds.
#[allow(dead_code)]
#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
