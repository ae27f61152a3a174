//! OTLP messages to a collector: the request, its repetitions, and what has to be said when it fails.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use reqwest::{Client, Request, Url};
use tokio::runtime::Runtime;

use super::super::{Closing, Failure};
use super::client::{client, compressed, connect_timeout, root_cause};
use super::{Names, OtlpProtocol, OtlpSettings};

/// The waits before a message is sent again. A fraction is added to each, so that many processes do not come at once.
const WAITS: [Duration; 3] = [Duration::from_millis(250), Duration::from_millis(500), Duration::from_secs(1)];

/// As the [specification](https://opentelemetry.io/docs/specs/otel/protocol/exporter/#user-agent) has it.
const USER_AGENT: &str = concat!("OTel-OTLP-Exporter-Rust/", env!("CARGO_PKG_VERSION"), " traced");

/// More of an answer is not read: it is only an acknowledgement.
pub(super) const LONGEST_ANSWER: usize = 64 * 1024;

/// Sends messages of one signal, on the thread that calls it, which must be nobody's runtime.
pub(crate) struct Sender {
    client: Client,
    /// Runs while a message is sent, on the thread that sends it; always there until the drop.
    runtime: Option<Runtime>,
    names: &'static Names,
    protocol: OtlpProtocol,
    url: Url,
    /// The URL without what may be secret in it.
    destination: String,
    headers: HeaderMap,
    timeout: Duration,
    gzip: bool,
    closing: Arc<Closing>,
}

impl Sender {
    pub(crate) fn new(mut settings: OtlpSettings, closing: Arc<Closing>) -> Result<Self, String> {
        let destination = settings.destination();
        let client = client(&mut settings)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| format!("the HTTP client could not be made: {error}"))?;
        let OtlpSettings { names, protocol, endpoint: url, headers: given, timeout, gzip, .. } = settings;
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        match protocol {
            OtlpProtocol::Http => {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
                if gzip {
                    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                }
            }
            #[cfg(feature = "grpc")]
            OtlpProtocol::Grpc => super::grpc::put_headers(&mut headers, gzip),
        }
        headers.extend(given);
        let runtime = Some(runtime);
        Ok(Self { client, runtime, names, protocol, url, destination, headers, timeout, gzip, closing })
    }

    /// The URL without what may be secret in it.
    #[cfg(any(feature = "metrics", feature = "logs"))]
    pub(crate) fn destination(&self) -> &str {
        &self.destination
    }

    /// Tries until `message` is delivered, hopeless, out of time, or the program is about to end; once if `failing`. What
    /// the end finds under way is tried once more. Gives the message that the collector answers.
    pub(crate) fn deliver(&self, message: Bytes, failing: bool) -> Result<Bytes, Failure> {
        let message = if self.gzip { compressed(&message) } else { message };
        let deadline = Instant::now() + self.timeout;
        let mut waits = if failing { [].iter() } else { WAITS.iter() };
        loop {
            let left = self.closing.bound(deadline).saturating_duration_since(Instant::now());
            let last = self.closing.has_begun();
            let failure = match self.once(message.clone(), left) {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let (Some(asked), false) = (failure.again, last) else { return Err(failure) };
            let left = deadline.saturating_duration_since(Instant::now());
            if !self.closing.has_begun() {
                let Some(wait) = waits.next() else { return Err(failure) };
                let wait = asked.map_or(wait.saturating_add(jitter(*wait)), |asked| asked.max(WAITS[0]));
                // With less time than a connection may take nobody could tell whether the message was sent.
                if wait.saturating_add(connect_timeout(self.timeout)) > left {
                    return Err(failure);
                }
                // Not to its end if the program's comes first.
                self.closing.sleep(wait);
            } else if self.closing.bound(deadline) <= Instant::now() {
                return Err(failure);
            }
        }
    }

    fn once(&self, message: Bytes, timeout: Duration) -> Result<Bytes, Failure> {
        let Some(runtime) = self.runtime.as_ref().filter(|_| !timeout.is_zero()) else {
            return Err(Failure::lasting("no time is left before the shutdown"));
        };
        let mut request = Request::new(http::Method::POST, self.url.clone());
        *request.timeout_mut() = Some(timeout);
        *request.headers_mut() = self.headers.clone();
        runtime.block_on(async {
            // What came in since the last message, that a connection was closed above all, is seen before the next one.
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            match self.protocol {
                OtlpProtocol::Http => self.over_http(request, message, timeout).await,
                #[cfg(feature = "grpc")]
                OtlpProtocol::Grpc => self.over_grpc(request, message, timeout).await,
            }
        })
    }

    async fn over_http(&self, mut request: Request, message: Bytes, timeout: Duration) -> Result<Bytes, Failure> {
        *request.body_mut() = Some(message.into());
        let mut response = self.client.execute(request).await.map_err(|error| self.unreachable(&error, timeout))?;
        let status = response.status();
        if !status.is_success() {
            return Err(self.refused(status, response.headers().get(header::RETRY_AFTER)));
        }
        let mut answer = Vec::new();
        while answer.len() < LONGEST_ANSWER {
            let chunk = response.chunk().await.map_err(|error| Failure {
                reason: format!("the answer broke off: {}", root_cause(&error)),
                kind: Cow::Borrowed("connection_closed"),
                again: Some(None),
            })?;
            let Some(chunk) = chunk else { break };
            answer.extend_from_slice(&chunk);
        }
        Ok(answer.into())
    }

    #[cfg(feature = "grpc")]
    async fn over_grpc(&self, mut request: Request, message: Bytes, timeout: Duration) -> Result<Bytes, Failure> {
        super::grpc::put_message(&mut request, message, self.gzip, timeout);
        let response = self.client.execute(request).await.map_err(|error| self.unreachable(&error, timeout))?;
        super::grpc::answer(response).await.map_err(|error| error.failure(self.names))
    }

    fn unreachable(&self, error: &reqwest::Error, timeout: Duration) -> Failure {
        let (cause, exporter) = (root_cause(error), self.names.exporter);
        // Also when that took too long: then nothing was sent.
        let connects = error.is_connect();
        let reason = if error.is_timeout() && !connects {
            format!("no answer within {:.1} s; is {} an OTLP collector?", timeout.as_secs_f64(), self.destination)
        } else if self.is_about_certificates(error, &cause) {
            format!("{cause}; name the certificate authority of the collector in OTEL_EXPORTER_OTLP_CERTIFICATE")
        } else if connects {
            format!(
                "{cause}; start a collector there, or say in OTEL_EXPORTER_OTLP_ENDPOINT where one listens, or set \
                 {exporter}=none"
            )
        } else {
            format!("{cause}{}", self.hint_of_port())
        };
        let kind = match () {
            () if connects => "connect",
            () if error.is_timeout() => "timeout",
            () => "_OTHER",
        };
        // Who was sent a message in full and is slow may have taken it: it is not sent twice.
        Failure { reason, kind: Cow::Borrowed(kind), again: (connects || !error.is_timeout()).then_some(None) }
    }

    fn is_about_certificates(&self, error: &reqwest::Error, cause: &str) -> bool {
        // The TLS library's own error type is no dependency of this crate.
        error.is_connect() && self.url.scheme() == "https" && cause.contains("certificate")
    }

    fn refused(&self, status: StatusCode, retry_after: Option<&HeaderValue>) -> Failure {
        let Names { path, endpoint, exporter, .. } = self.names;
        let hint = match status.as_u16() {
            401 | 403 => "; check the credentials in OTEL_EXPORTER_OTLP_HEADERS".to_owned(),
            404 | 405 | 501 if self.names.is_traces() => format!(
                "; is the path right? OTEL_EXPORTER_OTLP_ENDPOINT is a base that /{path} is added to, {endpoint} a whole \
                 URL"
            ),
            404 | 405 | 501 => format!(
                "; if it takes no {} (Jaeger takes traces alone) set {exporter}=none, else write the whole URL in \
                 {endpoint}",
                self.names.signal()
            ),
            413 if self.names.is_traces() => "; lower OTEL_BSP_MAX_EXPORT_BATCH_SIZE".to_owned(),
            300..=399 => "; it redirects: write the final URL".to_owned(),
            _ => self.hint_of_port().to_owned(),
        };
        // The OTLP specification's list of what may be repeated.
        let again = matches!(status.as_u16(), 429 | 502 | 503 | 504).then(|| retry_after.and_then(seconds));
        let reason = format!("the collector answered {status}{hint}");
        Failure { reason, kind: Cow::Owned(status.as_str().to_owned()), again }
    }

    fn hint_of_port(&self) -> &'static str {
        match (self.protocol, self.url.port_or_known_default()) {
            (OtlpProtocol::Http, Some(4317)) => "; 4317 is usually the gRPC port, HTTP is on 4318",
            #[cfg(feature = "grpc")]
            (OtlpProtocol::Grpc, Some(4318)) => "; 4318 is usually the HTTP port, gRPC is on 4317",
            _ => "",
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A plain drop waits, and panics in the program's own runtime.
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("destination", &self.destination).finish_non_exhaustive()
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
