//! Any exporter of the SDK's as a way out.

use std::time::Duration;

use futures_executor::block_on;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanExporter;

use super::{Carrier, Failure};
use crate::recorder::Outgoing;
use crate::telemetry::said;

/// An exporter of the SDK's, to which the spans go as structures.
///
/// It runs on the collector's thread, which is in no async runtime: as under the SDK's batch processor, one that needs a
/// runtime (gRPC does) is made inside of it and keeps its handle.
pub(crate) struct Exporter<E>(E);

impl<E: SpanExporter> Exporter<E> {
    pub(crate) fn new(mut exporter: E, resource: &Resource) -> Self {
        exporter.set_resource(resource);
        Self(exporter)
    }
}

impl<E: SpanExporter> Carrier for Exporter<E> {
    fn carry(&mut self, batch: &Outgoing) -> Result<u64, Failure> {
        // Repeating is the exporter's own business: what it gives up is lost.
        block_on(self.0.export(batch.decode())).map(|()| 0).map_err(|error| Failure::lasting(said(&error)))
    }

    fn force_flush(&mut self) -> Result<(), String> {
        self.0.force_flush().map_err(|error| said(&error))
    }

    fn shutdown(&mut self, timeout: Duration) -> Result<(), String> {
        self.0.shutdown_with_timeout(timeout).map_err(|error| said(&error))
    }
}
