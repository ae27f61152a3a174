//! What every signal's requests have in common: the HTTP client, compression, and the cause of a failure.

use std::error::Error;
use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::blocking::Client;
use reqwest::redirect::Policy;

use super::OtlpSettings;

/// The client that `settings` ask for; its certificates and identity are taken out of them.
pub(crate) fn client(settings: &mut OtlpSettings) -> Result<Client, String> {
    let (timeout, plain) = (settings.timeout, settings.endpoint.scheme() == "http");
    let (certificates, identity) = (settings.certificates.take(), settings.identity.take());
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
    std::thread::Builder::new()
        .name("traced-otlp-setup".to_owned())
        .spawn(build)
        .map_err(|error| format!("no thread could be started: {error}"))?
        .join()
        .map_err(|_| "the HTTP client could not be made".to_owned())?
        .map_err(|error| {
            format!(
                "the HTTP client could not be made: {}; https needs the system's CA certificates, or some in \
                 OTEL_EXPORTER_OTLP_CERTIFICATE",
                root_cause(&error)
            )
        })
}

pub(crate) fn compressed(body: &[u8]) -> Bytes {
    // The fastest level: telemetry is repetitive enough for most of the gain.
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    // A `Vec` takes everything.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default().into()
}

/// The last error of a chain: it says what happened. Those before it say what was attempted, and repeat the URL.
pub(crate) fn root_cause(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
