//! Metrics of an HTTP server.
//!
//! <https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#http-server>

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter, UpDownCounter};

use super::instruments::{self, Instruments};

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
}

impl Http {
    pub(super) fn new(meter: &Meter) -> Self {
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
        }
    }
}

/// A request that is being measured.
pub(crate) struct Exchange {
    instruments: Arc<Instruments>,
    start: Instant,
    method: &'static str,
    scheme: &'static str,
    version: Option<&'static str>,
    request_size: Option<u64>,
    response_size: OnceLock<u64>,
    route: std::sync::Mutex<Option<&'static str>>,
    status: OnceLock<u16>,
    error: OnceLock<&'static str>,
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
        let exchange = Self {
            instruments,
            start: Instant::now(),
            method,
            scheme,
            version,
            request_size,
            response_size: OnceLock::new(),
            route: std::sync::Mutex::default(),
            status: OnceLock::new(),
            error: OnceLock::new(),
        };
        exchange.instruments.http.active.add(1, &exchange.known_first());
        Some(exchange)
    }

    /// The route was found; the last one counts.
    pub(crate) fn set_route(&self, route: &'static str) {
        *self.route.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(route);
    }

    pub(crate) fn set_response_size(&self, size: u64) {
        let _ = self.response_size.set(size);
    }

    pub(crate) fn answered(&self, status: u16) {
        let _ = self.status.set(status);
    }

    /// A handler panicked, and was answered with `status` if there was still time for that.
    pub(crate) fn panicked(&self, status: Option<u16>) {
        if let Some(status) = status {
            self.answered(status);
        }
        self.failed("panic");
    }

    /// It failed, whatever its status says.
    pub(crate) fn failed(&self, error_type: &'static str) {
        let _ = self.error.set(error_type);
    }

    /// The request is over; if it is not `done`, the client went away.
    pub(crate) fn end(self, done: bool) {
        if !done {
            self.failed("cancelled");
        }
    }

    fn known_first(&self) -> [KeyValue; 2] {
        [KeyValue::new("http.request.method", self.method), KeyValue::new("url.scheme", self.scheme)]
    }
}

impl Drop for Exchange {
    /// The request is over.
    fn drop(&mut self) {
        let http = &self.instruments.http;
        http.active.add(-1, &self.known_first());
        let mut attributes = Vec::with_capacity(6);
        attributes.extend(self.known_first());
        attributes.extend(self.version.map(|version| KeyValue::new("network.protocol.version", version)));
        let route = *self.route.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        attributes.extend(route.map(|route| KeyValue::new("http.route", route)));
        let status = self.status.get();
        attributes.extend(status.map(|status| KeyValue::new("http.response.status_code", i64::from(*status))));
        match (self.error.get(), status) {
            (Some(error), _) => attributes.push(KeyValue::new("error.type", *error)),
            (None, Some(status)) if *status >= 500 => attributes.push(KeyValue::new("error.type", status.to_string())),
            _ => {}
        }
        http.duration.record(self.start.elapsed().as_secs_f64(), &attributes);
        if let Some(size) = self.request_size {
            http.request_size.record(size, &attributes);
        }
        if let Some(size) = self.response_size.get() {
            http.response_size.record(*size, &attributes);
        }
    }
}
