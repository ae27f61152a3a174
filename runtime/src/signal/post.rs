//! One OTLP request over HTTP, its repetitions, and what has to be said when it fails.

use std::error::Error;
use std::fmt;
use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderName, HeaderValue, StatusCode, header};
use opentelemetry::Context;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use prost::Message;
use prost::bytes::Bytes;
use reqwest::Url;
use reqwest::blocking::Client;
use reqwest::redirect::Policy;

use super::Signal;
use crate::export::Closing;
use crate::export::otlp::OtlpSettings;
use crate::telemetry::{Outage, Reporter};

/// The waits before a request is sent again.
const WAITS: [Duration; 3] = [Duration::from_millis(250), Duration::from_millis(500), Duration::from_secs(1)];

/// More of an answer is not read: it is only an acknowledgement.
const LONGEST_ANSWER: u64 = 64 * 1024;

/// Sends a signal's requests, for a thread that is nobody's runtime.
pub(crate) struct Post {
    signal: &'static Signal,
    client: Client,
    url: Url,
    /// The URL without what may be secret in it.
    destination: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    timeout: Duration,
    gzip: bool,
    closing: Arc<Closing>,
    reporter: Reporter,
    /// What was said; while requests fail they are not repeated.
    outage: Mutex<Outage>,
}

/// Why a request failed, and whether it is worth another try.
struct Failure {
    reason: String,
    again: bool,
}

impl Failure {
    fn lasting(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), again: false }
    }
}

impl Post {
    pub(crate) fn new(
        signal: &'static Signal,
        settings: OtlpSettings,
        closing: Arc<Closing>,
        reporter: Reporter,
    ) -> Result<Self, String> {
        let destination = settings.destination();
        let OtlpSettings { endpoint: url, headers, timeout, gzip, certificates, identity } = settings;
        let plain = url.scheme() == "http";
        let build = move || {
            // A redirected POST becomes a GET: its 200 would be a lie.
            let mut builder = Client::builder().redirect(Policy::none()).timeout(timeout);
            if let Some(certificates) = certificates {
                builder = builder.tls_certs_only(certificates);
            } else if plain {
                // The system's certificates are neither needed nor, in a bare container, there.
                builder = builder.tls_certs_only([]);
            }
            if let Some(identity) = identity {
                builder = builder.identity(identity);
            }
            builder.build()
        };
        // On a thread of its own: reqwest's blocking client panics when it is made inside a tokio runtime.
        let client = std::thread::Builder::new()
            .name("traced-otlp-setup".to_owned())
            .spawn(build)
            .map_err(|error| format!("no thread could be started: {error}"))?
            .join()
            .map_err(|_| "the HTTP client could not be made".to_owned())?
            .map_err(|error| format!("the HTTP client could not be made: {}", root_cause(&error)))?;
        let outage = Mutex::default();
        Ok(Self { signal, client, url, destination, headers, timeout, gzip, closing, reporter, outage })
    }

    /// Sends `message`; a failure is said, once and then at most once a minute.
    pub(crate) fn send(&self, message: &impl Message) -> OTelSdkResult {
        // Whoever traces HTTP clients must not trace this one.
        let _suppressed = Context::enter_telemetry_suppressed_scope();
        let mut body = message.encode_to_vec();
        if self.gzip {
            body = compressed(&body);
        }
        let result = self.deliver(&Bytes::from(body));
        self.report(&result);
        result.map_err(|failure| OTelSdkError::InternalFailure(failure.reason))
    }

    fn report(&self, result: &Result<(), Failure>) {
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        let warning = match result {
            Ok(()) => outage.succeeded(Instant::now(), &self.destination),
            Err(failure) => outage.failed(Instant::now(), &self.destination, &failure.reason, 0),
        };
        drop(outage);
        if let Some(warning) = warning {
            self.reporter.warn(&warning.about(self.signal.name));
        }
    }

    fn deliver(&self, body: &Bytes) -> Result<(), Failure> {
        let deadline = Instant::now() + self.timeout;
        let failing = self.outage.lock().unwrap_or_else(PoisonError::into_inner).is_failing();
        let mut waits = if failing { [].iter() } else { WAITS.iter() };
        loop {
            let left = self.closing.bound(deadline).saturating_duration_since(Instant::now());
            let failure = match self.once(body.clone(), left) {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            let Some(wait) = waits.next().filter(|_| failure.again) else { return Err(failure) };
            if *wait >= deadline.saturating_duration_since(Instant::now()) || !self.closing.sleep(*wait) {
                return Err(failure);
            }
        }
    }

    fn once(&self, body: Bytes, timeout: Duration) -> Result<(), Failure> {
        if timeout.is_zero() {
            return Err(Failure::lasting("no time is left before the shutdown"));
        }
        let mut request = self.client.post(self.url.clone()).timeout(timeout).body(body);
        request = request.header(header::CONTENT_TYPE, "application/x-protobuf");
        if self.gzip {
            request = request.header(header::CONTENT_ENCODING, "gzip");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = request.send().map_err(|error| self.unreachable(&error, timeout))?;
        let status = response.status();
        let mut answer = Vec::new();
        let read = response.take(LONGEST_ANSWER).read_to_end(&mut answer);
        match read {
            _ if !status.is_success() => Err(self.refused(status)),
            Err(error) => Err(Failure { reason: format!("the answer broke off: {error}"), again: true }),
            Ok(_) => Ok(()),
        }
    }

    fn unreachable(&self, error: &reqwest::Error, timeout: Duration) -> Failure {
        let reason = if error.is_timeout() {
            format!("no answer within {:.1} s; is {} an OTLP collector?", timeout.as_secs_f64(), self.destination)
        } else {
            format!(
                "{}; start a collector there, or say in OTEL_EXPORTER_OTLP_ENDPOINT where one listens, or set {}=none",
                root_cause(error),
                self.signal.exporter
            )
        };
        // Who was sent a request in full and is slow may have taken it: it is not sent twice.
        Failure { reason, again: !error.is_timeout() }
    }

    fn refused(&self, status: StatusCode) -> Failure {
        let Signal { name, exporter, otlp } = self.signal;
        let hint = match status.as_u16() {
            401 | 403 => "; check the credentials in OTEL_EXPORTER_OTLP_HEADERS".to_owned(),
            404 | 405 | 501 => format!(
                "; if it takes no {name} (Jaeger takes traces alone) set {exporter}=none, else write the whole URL in {}",
                otlp.endpoint
            ),
            300..=399 => "; it redirects: write the final URL".to_owned(),
            _ if self.url.port_or_known_default() == Some(4317) => {
                "; 4317 is usually the gRPC port, HTTP is on 4318".to_owned()
            }
            _ => String::new(),
        };
        // The OTLP specification's list of what may be repeated.
        let again = matches!(status.as_u16(), 429 | 502 | 503 | 504);
        Failure { reason: format!("the collector answered {status}{hint}"), again }
    }
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post").field("destination", &self.destination).finish_non_exhaustive()
    }
}

fn compressed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    // A `Vec` takes everything.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default()
}

/// The last error of a chain: it says what happened. Those before it say what was attempted, and repeat the URL.
fn root_cause(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
