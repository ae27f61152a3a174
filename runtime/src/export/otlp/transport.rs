//! One batch to the collector: the request, its repetitions, and what came of it.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use reqwest::Url;
use reqwest::blocking::Client;

use super::super::{Carrier, Closing, Failure};
use super::OtlpSettings;
use super::answer::rejected_spans;
use super::client::{client, compressed, root_cause};
use crate::recorder::Outgoing;

/// The waits before a batch is sent again. A fraction is added to each, so that many processes do not come at once.
const WAITS: [Duration; 3] = [Duration::from_millis(250), Duration::from_millis(500), Duration::from_secs(1)];

/// As the [specification](https://opentelemetry.io/docs/specs/otel/protocol/exporter/#user-agent) has it.
const USER_AGENT: &str = concat!("OTel-OTLP-Exporter-Rust/", env!("CARGO_PKG_VERSION"), " traced");

/// More of an answer is not read: it is only an acknowledgement.
const LONGEST_ANSWER: u64 = 64 * 1024;

/// Sends requests through reqwest's blocking client, for a thread that is nobody's runtime.
pub(crate) struct Transport {
    client: Client,
    headers: Vec<(HeaderName, HeaderValue)>,
    timeout: Duration,
    gzip: bool,
    url: Url,
    /// The URL without what may be secret in it.
    endpoint: String,
    closing: Arc<Closing>,
    /// The latest try has failed: the next one is not repeated at once.
    failing: bool,
}

impl Transport {
    pub(crate) fn new(mut settings: OtlpSettings, closing: Arc<Closing>) -> Result<Self, String> {
        let endpoint = settings.destination();
        let client = client(&mut settings)?;
        let OtlpSettings { endpoint: url, headers, timeout, gzip, .. } = settings;
        Ok(Self { client, headers, timeout, gzip, url, endpoint, closing, failing: false })
    }

    /// Tries until the batch is delivered, hopeless, out of time, or the program is about to end.
    fn deliver(&self, body: &Bytes) -> Result<u64, Failure> {
        let deadline = Instant::now() + self.timeout;
        let waits: &[Duration] = if self.failing { &[] } else { &WAITS };
        let mut waits = waits.iter();
        loop {
            let left = self.closing.bound(deadline).saturating_duration_since(Instant::now());
            let failure = match self.once(body.clone(), left) {
                Ok(rejected) => return Ok(rejected),
                Err(failure) => failure,
            };
            let (Some(asked), Some(wait)) = (failure.again, waits.next()) else { return Err(failure) };
            let wait = asked.unwrap_or(wait.saturating_add(jitter(*wait)));
            if wait >= deadline.saturating_duration_since(Instant::now()) || !self.closing.sleep(wait) {
                return Err(failure);
            }
        }
    }

    fn once(&self, body: Bytes, timeout: Duration) -> Result<u64, Failure> {
        if timeout.is_zero() {
            return Err(Failure::lasting("no time is left before the shutdown"));
        }
        let mut request = self.client.post(self.url.clone()).timeout(timeout).body(body);
        request = request.header(header::CONTENT_TYPE, "application/x-protobuf");
        request = request.header(header::USER_AGENT, USER_AGENT);
        if self.gzip {
            request = request.header(header::CONTENT_ENCODING, "gzip");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = request.send().map_err(|error| self.unreachable(&error, timeout))?;
        let status = response.status();
        let retry_after = response.headers().get(header::RETRY_AFTER).cloned();
        let mut body = Vec::new();
        let read = response.take(LONGEST_ANSWER).read_to_end(&mut body);
        if !status.is_success() {
            return Err(self.refused(status, retry_after.as_ref()));
        }
        if let Err(error) = read {
            let reason = format!("the answer broke off: {error}");
            return Err(Failure { reason, kind: Cow::Borrowed("connection_closed"), again: Some(None) });
        }
        Ok(rejected_spans(&body))
    }

    fn unreachable(&self, error: &reqwest::Error, timeout: Duration) -> Failure {
        let reason = if error.is_timeout() {
            format!("no answer within {:.1} s; is {} an OTLP collector?", timeout.as_secs_f64(), self.endpoint)
        } else if self.is_about_certificates(error) {
            format!(
                "{}; name the certificate authority of the collector in OTEL_EXPORTER_OTLP_CERTIFICATE",
                root_cause(error)
            )
        } else if error.is_connect() {
            format!(
                "{}; start a collector there, or say in OTEL_EXPORTER_OTLP_ENDPOINT where one listens, or set \
                 OTEL_TRACES_EXPORTER=none",
                root_cause(error)
            )
        } else {
            format!("{}{}", root_cause(error), self.hint_of_port())
        };
        // Who was sent a batch in full and is slow may have taken it: it is not sent twice.
        let kind = match () {
            () if error.is_timeout() => "timeout",
            () if error.is_connect() => "connect",
            () => "_OTHER",
        };
        Failure { reason, kind: Cow::Borrowed(kind), again: (!error.is_timeout()).then_some(None) }
    }

    fn is_about_certificates(&self, error: &reqwest::Error) -> bool {
        // The TLS library's own error type is no dependency of this crate.
        error.is_connect() && self.endpoint.starts_with("https:") && root_cause(error).contains("certificate")
    }

    fn refused(&self, status: StatusCode, retry_after: Option<&HeaderValue>) -> Failure {
        let hint = match status.as_u16() {
            401 | 403 => "; check the credentials in OTEL_EXPORTER_OTLP_HEADERS".to_owned(),
            404 | 405 => "; is the path right? OTEL_EXPORTER_OTLP_ENDPOINT is a base that /v1/traces is added to, \
                          OTEL_EXPORTER_OTLP_TRACES_ENDPOINT a whole URL"
                .to_owned(),
            413 => "; lower OTEL_BSP_MAX_EXPORT_BATCH_SIZE".to_owned(),
            300..=399 => "; it redirects: write the final URL".to_owned(),
            _ => self.hint_of_port().to_owned(),
        };
        // The OTLP specification's list of what may be repeated.
        let again = matches!(status.as_u16(), 429 | 502 | 503 | 504).then(|| retry_after.and_then(seconds));
        let reason = format!("the collector answered {status}{hint}");
        Failure { reason, kind: Cow::Owned(status.as_str().to_owned()), again }
    }

    fn hint_of_port(&self) -> &'static str {
        if self.url.port_or_known_default() == Some(4317) {
            "; 4317 is usually the gRPC port, HTTP is on 4318"
        } else {
            ""
        }
    }
}

impl Carrier for Transport {
    fn carry(&mut self, batch: &Outgoing) -> Result<u64, Failure> {
        let mut body = batch.request();
        if self.gzip {
            body = compressed(&body);
        }
        let result = self.deliver(&body);
        self.failing = result.is_err();
        result
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// The number of seconds in a `Retry-After`; its other form, a date, is answered with the usual wait.
fn seconds(retry_after: &HeaderValue) -> Option<Duration> {
    retry_after.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// Up to half of `wait`; the clock's lowest digits are random enough.
fn jitter(wait: Duration) -> Duration {
    let nanoseconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.subsec_nanos());
    wait.mul_f64(f64::from(nanoseconds % 1000) / 2000.0)
}
