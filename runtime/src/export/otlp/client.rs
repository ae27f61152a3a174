//! What every signal's requests have in common: the HTTP client, compression, and the cause of a failure.

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Client;
use reqwest::redirect::Policy;

use super::{OtlpProtocol, OtlpSettings};

/// How long a connection may take where a message has `timeout` in all: so that it is known of one that got none, which may
/// be sent again.
pub(super) fn connect_timeout(timeout: Duration) -> Duration {
    timeout / 2
}

/// The client that `settings` ask for; its certificates and identity are taken out of them.
pub(super) fn client(settings: &mut OtlpSettings) -> Result<Client, String> {
    let plain = settings.endpoint.scheme() == "http";
    // A redirected POST becomes a GET: its 200 would be a lie.
    let mut builder = Client::builder().redirect(Policy::none()).connect_timeout(connect_timeout(settings.timeout));
    if let Some(certificates) = settings.certificates.take() {
        builder = builder.tls_certs_only(certificates);
    } else if plain {
        // The system's certificates are neither needed nor, in a bare container, there.
        builder = builder.tls_certs_only([]);
    }
    if let Some(identity) = settings.identity.take() {
        builder = builder.identity(identity);
    }
    match settings.protocol {
        OtlpProtocol::Http => {}
        #[cfg(feature = "grpc")]
        OtlpProtocol::Grpc => builder = builder.http2_prior_knowledge(),
    }
    builder.build().map_err(|error| {
        format!(
            "the HTTP client could not be made: {}; https needs the system's CA certificates, or some in \
             OTEL_EXPORTER_OTLP_CERTIFICATE",
            root_cause(&error)
        )
    })
}

pub(super) fn compressed(body: &[u8]) -> Bytes {
    // The fastest level: telemetry is repetitive enough for most of the gain.
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    // A `Vec` takes everything.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default().into()
}

/// The last error of a chain: it says what happened. Those before it say what was attempted, and repeat the URL.
pub(super) fn root_cause(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
