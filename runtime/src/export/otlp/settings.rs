//! Where OTLP goes and how: OTEL_EXPORTER_OTLP_* and their variants for each signal, which go first.
//!
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>

use std::fmt;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use reqwest::{Certificate, Identity, Url};

use crate::telemetry::{Reader, pairs};

/// How OTLP is spoken: [`otlp_protocol`](crate::TelemetryBuilder::otlp_protocol).
///
/// Its names in OTEL_EXPORTER_OTLP_PROTOCOL are those of the
/// [specification](https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specify-protocol).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OtlpProtocol {
    /// `http/protobuf`, the default.
    Http,
    /// `grpc`
    #[cfg(feature = "grpc")]
    Grpc,
}

impl OtlpProtocol {
    fn default_base(self) -> &'static str {
        match self {
            Self::Http => "http://localhost:4318",
            #[cfg(feature = "grpc")]
            Self::Grpc => "http://localhost:4317",
        }
    }

    /// As sentences call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Http => "OTLP over HTTP",
            #[cfg(feature = "grpc")]
            Self::Grpc => "OTLP over gRPC",
        }
    }

    /// `otel.component.type` of who exports spans by it.
    pub(crate) fn span_exporter(self) -> &'static str {
        match self {
            Self::Http => "otlp_http_span_exporter",
            #[cfg(feature = "grpc")]
            Self::Grpc => "otlp_grpc_span_exporter",
        }
    }

    /// The path of `names`' signal at a collector.
    fn path(self, names: &Names) -> &'static str {
        match self {
            Self::Http => names.path,
            #[cfg(feature = "grpc")]
            Self::Grpc => match names.path {
                "v1/metrics" => "opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
                "v1/logs" => "opentelemetry.proto.collector.logs.v1.LogsService/Export",
                _ => "opentelemetry.proto.collector.trace.v1.TraceService/Export",
            },
        }
    }
}

/// What the variables of one signal are called.
#[derive(Debug)]
pub(crate) struct Names {
    /// What is added to the base.
    pub(crate) path: &'static str,
    /// The variable that names the signal's exporters.
    pub(crate) exporter: &'static str,
    pub(crate) endpoint: &'static str,
    pub(crate) protocol: &'static str,
    pub(crate) headers: &'static str,
    pub(crate) timeout: &'static str,
    pub(crate) compression: &'static str,
    pub(crate) certificate: &'static str,
    pub(crate) client_certificate: &'static str,
    pub(crate) client_key: &'static str,
}

/// The names of a signal's variables.
macro_rules! names {
    ($signal:literal, $path:literal) => {
        $crate::export::otlp::Names {
            path: $path,
            exporter: concat!("OTEL_", $signal, "_EXPORTER"),
            endpoint: concat!("OTEL_EXPORTER_OTLP_", $signal, "_ENDPOINT"),
            protocol: concat!("OTEL_EXPORTER_OTLP_", $signal, "_PROTOCOL"),
            headers: concat!("OTEL_EXPORTER_OTLP_", $signal, "_HEADERS"),
            timeout: concat!("OTEL_EXPORTER_OTLP_", $signal, "_TIMEOUT"),
            compression: concat!("OTEL_EXPORTER_OTLP_", $signal, "_COMPRESSION"),
            certificate: concat!("OTEL_EXPORTER_OTLP_", $signal, "_CERTIFICATE"),
            client_certificate: concat!("OTEL_EXPORTER_OTLP_", $signal, "_CLIENT_CERTIFICATE"),
            client_key: concat!("OTEL_EXPORTER_OTLP_", $signal, "_CLIENT_KEY"),
        }
    };
}
#[cfg(any(feature = "metrics", feature = "logs"))]
pub(crate) use names;

impl Names {
    pub(crate) fn is_traces(&self) -> bool {
        self.path == TRACES.path
    }

    /// As sentences call the signal.
    pub(crate) fn signal(&self) -> &'static str {
        self.path.trim_start_matches("v1/")
    }
}

static TRACES: Names = names!("TRACES", "v1/traces");

/// Where OTLP goes and how.
pub(crate) struct OtlpSettings {
    pub(crate) names: &'static Names,
    pub(crate) protocol: OtlpProtocol,
    /// The whole URL, path included.
    pub(crate) endpoint: Url,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// For one batch, repetitions included.
    pub(crate) timeout: Duration,
    pub(crate) gzip: bool,
    /// The only ones to trust, if any.
    pub(crate) certificates: Option<Vec<Certificate>>,
    pub(crate) identity: Option<Identity>,
}

impl OtlpSettings {
    /// Those for traces.
    pub(crate) fn from_environment(reader: &mut Reader<'_>) -> Self {
        Self::for_signal(&TRACES, reader)
    }

    /// Those for the signal whose variables have `names`.
    pub(crate) fn for_signal(names: &'static Names, reader: &mut Reader<'_>) -> Self {
        let protocol = protocol(names, reader);
        let headers = [names.headers, "OTEL_EXPORTER_OTLP_HEADERS"];
        let timeouts = [names.timeout, "OTEL_EXPORTER_OTLP_TIMEOUT"];
        let compressions = [names.compression, "OTEL_EXPORTER_OTLP_COMPRESSION"];
        let certificates = [names.certificate, "OTEL_EXPORTER_OTLP_CERTIFICATE"];
        Self {
            names,
            protocol,
            endpoint: endpoint(names, protocol, reader),
            headers: reader.parse_secret(&headers, parse_headers).unwrap_or_default(),
            timeout: reader.milliseconds(&timeouts).unwrap_or(Duration::from_secs(10)),
            gzip: reader.parse(&compressions, |_, value| parse_compression(value)).unwrap_or(false),
            certificates: reader.parse(&certificates, |_, path| {
                Certificate::from_pem_bundle(&pem(path)?).map_err(|_| "the file holds no PEM certificates".to_owned())
            }),
            identity: identity(names, reader),
        }
    }

    /// The URL without what may be secret in it: user, password, query and fragment.
    /// The collector's host and port.
    pub(crate) fn server(&self) -> Option<(String, Option<u16>)> {
        Some((self.endpoint.host_str()?.to_owned(), self.endpoint.port_or_known_default()))
    }

    pub(crate) fn destination(&self) -> String {
        shown(&self.endpoint)
    }
}

impl fmt::Debug for OtlpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtlpSettings").field("endpoint", &self.destination()).finish_non_exhaustive()
    }
}

fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

fn endpoint(names: &Names, protocol: OtlpProtocol, reader: &mut Reader<'_>) -> Url {
    // A signal's own variable is the whole URL; the general one is the base that each signal's path is added to. Of gRPC
    // both name the server alone.
    for (variable, is_base) in [(names.endpoint, false), ("OTEL_EXPORTER_OTLP_ENDPOINT", true)] {
        let Some(value) = reader.get(variable) else { continue };
        match parse_endpoint(&value, protocol) {
            Ok(mut url) => {
                match protocol {
                    OtlpProtocol::Http if is_base => {
                        let path = format!("{}/{}", url.path().trim_end_matches('/'), names.path);
                        url.set_path(&path);
                    }
                    OtlpProtocol::Http => {}
                    #[cfg(feature = "grpc")]
                    OtlpProtocol::Grpc => url.set_path(protocol.path(names)),
                }
                return url;
            }
            Err(remedy) => {
                // A URL may carry a password before its @, and keys behind its path.
                let value = if value.contains(['@', '?', '#']) { "(not shown)" } else { &value };
                reader.invalid(variable, value, remedy);
            }
        }
    }
    let url = format!("{}/{}", protocol.default_base(), protocol.path(names));
    Url::parse(&url).expect("the default endpoint is a URL")
}

fn parse_endpoint(value: &str, protocol: OtlpProtocol) -> Result<Url, String> {
    let example = format!("write a full URL such as {}", protocol.default_base());
    let lower = value.to_ascii_lowercase();
    if !lower.starts_with("http://") && !lower.starts_with("https://") {
        return Err(format!("it must begin with http:// or https://; {example}"));
    }
    let url = Url::parse(value).map_err(|error| format!("{error}; {example}"))?;
    if !url.has_host() {
        return Err(format!("the host is missing; {example}"));
    }
    Ok(url)
}

/// `http/json` is not spoken, and gRPC only with its feature.
fn protocol(names: &Names, reader: &mut Reader<'_>) -> OtlpProtocol {
    if let Some(protocol) = reader.otlp_protocol {
        return protocol;
    }
    let names = [names.protocol, "OTEL_EXPORTER_OTLP_PROTOCOL"];
    let parse = |value: &str| match value.to_ascii_lowercase().as_str() {
        "http/protobuf" => Ok(OtlpProtocol::Http),
        #[cfg(feature = "grpc")]
        "grpc" => Ok(OtlpProtocol::Grpc),
        #[cfg(not(feature = "grpc"))]
        "grpc" => Err("this program was built without the feature `grpc` of the crate `traced`: enable it, or write \
                       http/protobuf and the collector's HTTP port (usually 4318, not 4317) in \
                       OTEL_EXPORTER_OTLP_ENDPOINT"
            .to_owned()),
        _ => Err("write http/protobuf or grpc".to_owned()),
    };
    reader.parse(&names, |_, value| parse(value)).unwrap_or(OtlpProtocol::Http)
}

fn parse_headers(value: &str) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let mut headers = Vec::new();
    for (name, value) in pairs(value)? {
        let name: HeaderName = name.parse().map_err(|_| "a header's name is not valid; write name=value pairs")?;
        let mut value =
            HeaderValue::try_from(value).map_err(|_| format!("the value of the header {name} is not valid"))?;
        value.set_sensitive(true);
        headers.push((name, value));
    }
    Ok(headers)
}

fn parse_compression(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "gzip" => Ok(true),
        "none" => Ok(false),
        _ => Err("write gzip or none".to_owned()),
    }
}

fn identity(names: &Names, reader: &mut Reader<'_>) -> Option<Identity> {
    let certificates = [names.client_certificate, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"];
    let keys = [names.client_key, "OTEL_EXPORTER_OTLP_CLIENT_KEY"];
    let certificate = reader.parse(&certificates, |name, path| pem(path).map(|pem| (name, path.to_owned(), pem)));
    let key = reader.parse(&keys, |name, path| pem(path).map(|pem| (name, path.to_owned(), pem)));
    let (certificate, key) = match (certificate, key) {
        (Some(certificate), Some(key)) => (certificate, key),
        (None, None) => return None,
        (Some((name, path, _)), None) => {
            reader.invalid(name, &path, "its key is missing; write the key's path in OTEL_EXPORTER_OTLP_CLIENT_KEY");
            return None;
        }
        (None, Some((name, path, _))) => {
            let remedy = "its certificate is missing; write that path in OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE";
            reader.invalid(name, &path, remedy);
            return None;
        }
    };
    let identity = Identity::from_pem(&[certificate.2, key.2].join(&b'\n')).ok();
    if identity.is_none() {
        reader.invalid(key.0, &key.1, "this and the client certificate are no PEM key and certificate");
    }
    identity
}

fn pem(path: &str) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("the file can't be read ({error}); write the path of a PEM file"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::tests::environment;

    const DEFAULT_ENDPOINT: &str = "http://localhost:4318/v1/traces";

    fn read(variables: &[(&'static str, &'static str)]) -> (OtlpSettings, Vec<String>) {
        let environment = environment(variables);
        let mut reader = Reader::new(&environment);
        let settings = OtlpSettings::from_environment(&mut reader);
        (settings, reader.into_invalid().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_path_is_added_to_the_base_and_not_to_the_whole_url() {
        let general = |value| read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", value)]).0.endpoint.to_string();
        assert_eq!(general(""), DEFAULT_ENDPOINT);
        assert_eq!(general("http://c:4318"), "http://c:4318/v1/traces");
        assert_eq!(general("http://c:4318/"), "http://c:4318/v1/traces");
        assert_eq!(general("https://c/otlp/"), "https://c/otlp/v1/traces");
        let (settings, _) = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t:1/x"),
        ]);
        assert_eq!(settings.endpoint.to_string(), "http://t:1/x");
    }

    #[test]
    fn a_bad_url_is_refused_with_an_example() {
        for bad in ["localhost:4318", "collector", "ftp://c", "http://", "http://[::1"] {
            let (settings, invalid) = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", bad)]);
            assert_eq!(settings.endpoint.to_string(), DEFAULT_ENDPOINT);
            assert_eq!(invalid.len(), 1, "{bad}");
            assert!(invalid[0].contains("http://localhost:4318"), "{invalid:?}");
        }
    }

    #[test]
    fn secrets_are_in_no_message() {
        let (_, invalid) = read(&[
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer canary%zz"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://user:canary@c"),
        ]);
        assert_eq!(invalid.len(), 2);
        assert!(!invalid.join("").contains("canary"), "{invalid:?}");
        let (settings, _) = read(&[
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20canary"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:canary@c?key=canary#canary"),
        ]);
        assert_eq!(settings.destination(), "http://c/v1/traces");
        for refused in ["ftp://c?key=canary", "ftp://c#canary"] {
            let (_, invalid) = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", refused)]);
            assert!(invalid.len() == 1 && !invalid[0].contains("canary"), "{invalid:?}");
        }
        assert!(!format!("{settings:?}{:?}", settings.headers).contains("canary"));
    }

    #[test]
    fn headers_timeout_and_compression_are_read() {
        let (settings, invalid) = read(&[
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-a=1%202,x-b=c=d"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "250"),
            ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip"),
        ]);
        assert!(invalid.is_empty(), "{invalid:?}");
        let headers: Vec<_> = settings.headers.iter().map(|(k, v)| (k.as_str(), v.to_str().unwrap())).collect();
        assert_eq!(headers, [("x-a", "1 2"), ("x-b", "c=d")]);
        assert_eq!(settings.timeout, Duration::from_millis(250));
        assert!(settings.gzip);
    }

    #[cfg(feature = "grpc")]
    #[test]
    fn over_grpc_an_endpoint_names_the_server_alone() {
        const PROTOCOL: (&str, &str) = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
        let path = "opentelemetry.proto.collector.trace.v1.TraceService/Export";
        for (variable, value, base) in [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "", "http://localhost:4317"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://c:4317/", "https://c:4317"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c/x", "http://c"),
        ] {
            let (settings, invalid) = read(&[PROTOCOL, (variable, value)]);
            assert_eq!(settings.endpoint.to_string(), format!("{base}/{path}"));
            assert!(invalid.is_empty(), "{invalid:?}");
        }
        let own = [PROTOCOL, ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf")];
        assert_eq!(read(&own).0.protocol, OtlpProtocol::Http);
    }

    #[cfg(not(feature = "grpc"))]
    #[test]
    fn grpc_is_refused_with_the_feature_and_the_port_to_use() {
        let (_, invalid) = read(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]);
        assert!(["`grpc`", "http/protobuf", "4318"].iter().all(|part| invalid[0].contains(part)), "{invalid:?}");
    }

    #[test]
    fn a_client_certificate_needs_its_key() {
        let (_, invalid) = read(&[("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "Cargo.toml")]);
        assert!(invalid.len() == 1 && invalid[0].contains("OTEL_EXPORTER_OTLP_CLIENT_KEY"), "{invalid:?}");
        let both =
            [("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "Cargo.toml"), ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "Cargo.toml")];
        let (_, invalid) = read(&both);
        assert!(invalid.len() == 1 && invalid[0].contains("PEM"), "{invalid:?}");
    }

    #[test]
    fn a_certificate_that_is_none_is_refused() {
        let (_, invalid) = read(&[("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nonexistent/ca.pem")]);
        assert!(invalid[0].contains("/nonexistent/ca.pem") && invalid[0].contains("PEM"), "{invalid:?}");
    }
}
