//! One OTLP request over HTTP, its repetitions, and what has to be said when it fails.

use std::fmt;
use std::io::Read as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue, StatusCode, header};
use opentelemetry::Context;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use prost::Message;
use prost::bytes::Bytes;
use reqwest::Url;
use reqwest::blocking::Client;

use super::Signal;
use crate::export::Closing;
use crate::export::otlp::{OtlpSettings, client, compressed, root_cause};
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
        mut settings: OtlpSettings,
        closing: Arc<Closing>,
        reporter: Reporter,
    ) -> Result<Self, String> {
        let destination = settings.destination();
        let client = client(&mut settings)?;
        let OtlpSettings { endpoint: url, headers, timeout, gzip, .. } = settings;
        let outage = Mutex::default();
        Ok(Self { signal, client, url, destination, headers, timeout, gzip, closing, reporter, outage })
    }

    /// Sends `message`; a failure is said, once and then at most once a minute.
    pub(crate) fn send(&self, message: &impl Message) -> OTelSdkResult {
        // Whoever traces HTTP clients must not trace this one.
        let _suppressed = Context::enter_telemetry_suppressed_scope();
        let body = message.encode_to_vec();
        let body = if self.gzip { compressed(&body) } else { Bytes::from(body) };
        let result = self.deliver(&body);
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
