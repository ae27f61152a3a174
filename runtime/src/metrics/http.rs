//! Metrics of an HTTP server.
//!
//! <https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#http-server>

use std::sync::Arc;
use std::time::Instant;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter, UpDownCounter};

use super::instruments::{self, Instruments};
use super::remembered::{Collections, Literal, Remembered};
use super::series::Series;

/// The boundaries that the conventions name, in seconds.
const DURATIONS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// From an empty body to 16 MiB; the conventions name none.
const SIZES: [f64; 10] =
    [0.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262_144.0, 1_048_576.0, 4_194_304.0, 16_777_216.0];

#[derive(Debug)]
pub(super) struct Http {
    duration: Histogram<f64>,
    active: UpDownCounter<i64>,
    request_size: Histogram<u64>,
    response_size: Histogram<u64>,
    begun: Remembered<Begun, Series<UpDownCounter<i64>>>,
    ended: Remembered<Ended, OfEnded>,
}

/// What is known of a request when it begins.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Begun {
    method: Literal,
    scheme: Literal,
}

/// What is known of a request when it is over.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Ended {
    begun: Begun,
    version: Option<Literal>,
    route: Option<Literal>,
    status: Option<u16>,
    error: Option<Literal>,
}

/// What requests that ended alike are measured by.
#[derive(Debug)]
struct OfEnded {
    duration: Series<Histogram<f64>>,
    request_size: Series<Histogram<u64>>,
    response_size: Series<Histogram<u64>>,
}

impl Http {
    pub(super) fn new(meter: &Meter, collections: &Collections) -> Self {
        let size = |name, description| {
            let builder = meter.u64_histogram(name).with_unit("By").with_description(description);
            builder.with_boundaries(SIZES.to_vec()).build()
        };
        Self {
            duration: meter
                .f64_histogram("http.server.request.duration")
                .with_unit("s")
                .with_description("Duration of HTTP server requests.")
                .with_boundaries(DURATIONS.to_vec())
                .build(),
            active: meter
                .i64_up_down_counter("http.server.active_requests")
                .with_unit("{request}")
                .with_description("Number of active HTTP server requests.")
                .build(),
            request_size: size("http.server.request.body.size", "Size of HTTP server request bodies."),
            response_size: size("http.server.response.body.size", "Size of HTTP server response bodies."),
            begun: collections.remembered(),
            ended: collections.remembered(),
        }
    }

    fn begun(&self, begun: &Begun) -> Arc<Series<UpDownCounter<i64>>> {
        self.begun.get(begun, || Series::new(&self.active, &begun.attributes().into()))
    }

    fn ended(&self, ended: &Ended) -> Arc<OfEnded> {
        self.ended.get(ended, || {
            let attributes = ended.attributes().into();
            OfEnded {
                duration: Series::new(&self.duration, &attributes),
                request_size: Series::new(&self.request_size, &attributes),
                response_size: Series::new(&self.response_size, &attributes),
            }
        })
    }
}

impl Begun {
    fn attributes(&self) -> [KeyValue; 2] {
        [KeyValue::new("http.request.method", self.method.0), KeyValue::new("url.scheme", self.scheme.0)]
    }
}

impl Ended {
    fn attributes(&self) -> Vec<KeyValue> {
        let mut attributes = Vec::with_capacity(6);
        attributes.extend(self.begun.attributes());
        attributes.extend(self.version.map(|version| KeyValue::new("network.protocol.version", version.0)));
        attributes.extend(self.route.map(|route| KeyValue::new("http.route", route.0)));
        attributes.extend(self.status.map(|status| KeyValue::new("http.response.status_code", i64::from(status))));
        match (self.error, self.status) {
            (Some(error), _) => attributes.push(KeyValue::new("error.type", error.0)),
            (None, Some(status)) if status >= 500 => attributes.push(KeyValue::new("error.type", status.to_string())),
            _ => {}
        }
        attributes
    }
}

/// A request that is being measured.
pub(crate) struct Exchange {
    instruments: Arc<Instruments>,
    active: Arc<Series<UpDownCounter<i64>>>,
    start: Instant,
    request_size: Option<u64>,
    response_size: Option<u64>,
    /// As far as that is known.
    ended: Ended,
}

impl Exchange {
    /// A request begins; none if nobody measures.
    pub(crate) fn begin(
        method: &'static str,
        scheme: &'static str,
        version: Option<&'static str>,
        request_size: Option<u64>,
    ) -> Option<Self> {
        let instruments = instruments::installed()?;
        let begun = Begun { method: Literal(method), scheme: Literal(scheme) };
        let active = instruments.http.begun(&begun);
        active.measure(1);
        Some(Self {
            instruments,
            active,
            start: Instant::now(),
            request_size,
            response_size: None,
            ended: Ended { begun, version: version.map(Literal), route: None, status: None, error: None },
        })
    }

    /// The route was found; the last one counts.
    pub(crate) fn set_route(&mut self, route: &'static str) {
        self.ended.route = Some(Literal(route));
    }

    /// The first one counts, as with all that follows.
    pub(crate) fn set_response_size(&mut self, size: u64) {
        self.response_size.get_or_insert(size);
    }

    pub(crate) fn answered(&mut self, status: u16) {
        self.ended.status.get_or_insert(status);
    }

    /// A handler panicked, and was answered with `status` if there was still time for that.
    pub(crate) fn panicked(&mut self, status: Option<u16>) {
        if let Some(status) = status {
            self.answered(status);
        }
        self.failed("panic");
    }

    /// It failed, whatever its status says.
    pub(crate) fn failed(&mut self, error_type: &'static str) {
        self.ended.error.get_or_insert(Literal(error_type));
    }

    /// The request is over; if it is not `done`, the client went away.
    pub(crate) fn end(mut self, done: bool) {
        if !done {
            self.failed("cancelled");
        }
    }
}

impl Drop for Exchange {
    /// The request is over.
    fn drop(&mut self) {
        self.active.measure(-1);
        let of_ended = self.instruments.http.ended(&self.ended);
        of_ended.duration.measure(self.start.elapsed().as_secs_f64());
        if let Some(size) = self.request_size {
            of_ended.request_size.measure(size);
        }
        if let Some(size) = self.response_size {
            of_ended.response_size.measure(size);
        }
    }
}
