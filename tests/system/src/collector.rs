//! A real OpenTelemetry collector.

use std::env;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use crate::left_out::{left_out, program};
use crate::ports;
use crate::process::{Process, wait_until};
use crate::span::{Seen, SeenEvent};

/// A [rotel](https://rotel.dev) collector that prints what it understood of what it received.
pub struct Collector {
    process: Process,
    port: u16,
    grpc_port: u16,
    _directory: TempDir,
}

impl Collector {
    /// Starts the `rotel-agent` that `ROTEL_AGENT` names, or that on `PATH`. `None`, and a line that says so, if there is neither.
    ///
    /// # Panics
    ///
    /// If it does not listen, or if there is none and services are [`required`](crate::required).
    #[track_caller]
    pub fn start() -> Option<Self> {
        let named = env::var_os("ROTEL_AGENT").map(PathBuf::from).filter(|path| path.is_file());
        let Some(agent) = named.or_else(|| program("rotel-agent", [])) else {
            return left_out("rotel, an OTLP collector", "no rotel-agent in ROTEL_AGENT or on PATH");
        };
        let mut last = String::new();
        for _ in 0..5 {
            let (http, grpc) = (ports::free(), ports::free());
            let directory = tempfile::Builder::new().prefix("traced-rotel-").tempdir().expect("a directory");
            let [http_endpoint, grpc_endpoint] = [http, grpc].map(|port| format!("127.0.0.1:{port}"));
            let arguments = [
                "start",
                "--otlp-http-endpoint",
                &http_endpoint,
                "--otlp-grpc-endpoint",
                &grpc_endpoint,
                "--debug-log",
                "traces",
                "--debug-log-verbosity",
                "detailed",
                "--exporter",
                "blackhole",
                "--pid-file",
                "rotel.pid",
            ];
            let mut process =
                Process::start(&directory, &agent, arguments, "TERM", None, |_| {}).expect("rotel starts");
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, http));
            let listens = wait_until(Duration::from_secs(10), || match process.exit_code() {
                Some(_) => Some(false),
                None => TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok().map(|_| true),
            });
            if listens == Some(true) {
                return Some(Self { process, port: http, grpc_port: grpc, _directory: directory });
            }
            last = process.output();
        }
        panic!("rotel-agent does not listen; it said: {last}");
    }

    /// Its address, for `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its address for OTLP over gRPC.
    pub fn grpc_endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.grpc_port)
    }

    /// The spans that it received so far.
    pub fn spans(&self) -> Vec<Seen> {
        parse(&self.process.output())
    }

    /// Waits until the spans are as `wanted` says.
    ///
    /// # Panics
    ///
    /// If they are not within 20 seconds; the message lists those that there are.
    #[track_caller]
    pub fn wait_for(&self, what: &str, wanted: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
        wait_until(Duration::from_secs(20), || Some(self.spans()).filter(|spans| wanted(spans))).unwrap_or_else(|| {
            let names: Vec<String> = self.spans().into_iter().map(|span| span.name).collect();
            panic!("waited in vain for {what}; the collector has {} spans: {names:?}", names.len())
        })
    }

    /// Everything that it printed.
    pub fn output(&self) -> String {
        self.process.output()
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").field("port", &self.port).finish_non_exhaustive()
    }
}

/// Where the lines that follow belong.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Resource,
    Span,
    Attributes,
    Events,
}

/// Reads the collector's detailed log. A value of several lines keeps its first.
fn parse(log: &str) -> Vec<Seen> {
    let mut spans: Vec<Seen> = Vec::new();
    let mut template = Seen::default();
    let mut part = Part::Resource;
    for line in log.lines() {
        if line.starts_with("ResourceSpans #") {
            (template, part) = (Seen::default(), Part::Resource);
        } else if let Some(scope) = line.strip_prefix("InstrumentationScope ") {
            template.scope = scope.trim().to_owned();
        } else if line.starts_with("Span #") {
            spans.push(template.clone());
            part = Part::Span;
        } else if line == "Attributes:" {
            part = Part::Attributes;
        } else if line == "Events:" {
            part = Part::Events;
        } else if let (Part::Resource, Some((key, value))) = (part, attribute(line, 5)) {
            template.resource.insert(key, value);
        } else if let Some(span) = spans.last_mut().filter(|_| part != Part::Resource) {
            read(span, part, line);
        }
    }
    // The log is read while it is written: a span is whole once its end has been printed.
    spans.retain(|span| span.end != 0);
    spans
}

fn read(span: &mut Seen, part: Part, line: &str) {
    match part {
        Part::Resource => {}
        Part::Span => {
            let Some((key, value)) = line.split_once(':') else { return };
            let value = value.trim();
            match key.trim() {
                "Trace ID" => value.clone_into(&mut span.trace_id),
                "Parent ID" => value.clone_into(&mut span.parent_id),
                "ID" => value.clone_into(&mut span.span_id),
                "Name" => value.clone_into(&mut span.name),
                "Kind" => span.kind = value.trim_start_matches("SPAN_KIND_").to_ascii_lowercase(),
                "Start time" => span.start = value.parse().unwrap_or_default(),
                "End time" => span.end = value.parse().unwrap_or_default(),
                "Status code" => span.status = value.trim_start_matches("STATUS_CODE_").to_ascii_lowercase(),
                _ => {}
            }
        }
        Part::Attributes => span.attributes.extend(attribute(line, 5)),
        Part::Events => {
            if let Some(name) = line.strip_prefix("     -> Name: ") {
                span.events.push(SeenEvent { name: name.to_owned(), ..SeenEvent::default() });
            } else if let Some(event) = span.events.last_mut() {
                event.attributes.extend(attribute(line, 10));
            }
        }
    }
}

/// `-> key: Str(value)`, indented by so many spaces.
fn attribute(line: &str, indent: usize) -> Option<(String, String)> {
    let blank = " ".repeat(indent);
    let (key, typed) = line.strip_prefix(&blank)?.strip_prefix("-> ")?.split_once(": ")?;
    let value = typed.split_once('(').map_or(typed, |(_, rest)| rest.strip_suffix(')').unwrap_or(rest));
    Some((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_collectors_log_is_read() {
        let log = "INFO Starting Rotel.\nResourceSpans #0\nResource attributes:\n     -> service.name: Str(x y)\n\
            ScopeSpans #0\nInstrumentationScope shop \nSpan #0\n    Trace ID       : 5b8e\n    Parent ID      : aa\n    \
            ID             : bb\n    Name           : GET /books/{id}\n    Kind           : SPAN_KIND_SERVER\nStart time: 1\n\
            End time: 2\n    Status code    : STATUS_CODE_ERROR\n    Status message : bad\nAttributes:\n     -> a: Str(b\n\
            c)\n     -> n: Int(3)\nEvents:\nSpanEvent #0\n     -> Name: ev\n     -> Attributes::\n          -> q: Str(v)\n\
            Span #1\n    Trace ID       : 5b8e\n    Parent ID      : \n    ID             : cc\n    Name           : cut";
        let spans = parse(log);
        assert_eq!(spans.len(), 1, "the second is not whole yet");
        let span = &spans[0];
        assert_eq!(
            (span.name.as_str(), span.kind.as_str(), span.status.as_str()),
            ("GET /books/{id}", "server", "error")
        );
        assert_eq!((span.parent_id.as_str(), span.span_id.as_str(), span.scope.as_str()), ("aa", "bb", "shop"));
        assert_eq!((span.attribute("n"), span.resource["service.name"].as_str()), (Some("3"), "x y"));
        assert_eq!(span.events[0].attributes["q"], "v");
    }
}
