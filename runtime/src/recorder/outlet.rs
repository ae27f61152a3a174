//! What the collector thread hands finished spans to.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use opentelemetry_sdk::trace::SpanData;

use super::batch::{Batch, Resource};
use super::counts::Totals;

/// A way out for finished spans. It lives on the collector's thread.
pub(crate) trait Outlet: Send {
    /// Delivers `batch`, or says that it is to be tried again. `totals` are those of the pipeline.
    fn deliver(&mut self, batch: &Outgoing, totals: &Totals) -> Delivered;

    /// `spans` were not delivered, and will never be: the program ends.
    fn abandon(&mut self, spans: u64);

    /// Hands on what it holds itself.
    fn force_flush(&mut self) {}

    /// Nothing more will come.
    fn shutdown(&mut self, _timeout: Duration) {}
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// It was delivered, or is lost for good.
    Done,
    /// It is to be tried again, not before this time has passed.
    Later(Duration),
}

/// Finished spans on their way.
pub(crate) struct Outgoing {
    batch: Batch,
    resource: Arc<Resource>,
    request: OnceCell<Bytes>,
}

impl Outgoing {
    pub(super) fn new(batch: Batch, resource: &Arc<Resource>) -> Self {
        Self { batch, resource: Arc::clone(resource), request: OnceCell::new() }
    }

    /// How many they are.
    pub(crate) fn len(&self) -> usize {
        self.batch.len()
    }

    /// Whether more spans were waiting than a batch takes.
    pub(super) fn is_full(&self) -> bool {
        self.batch.is_full()
    }

    /// The body of an OTLP request.
    #[cfg_attr(not(feature = "otlp"), allow(dead_code))]
    pub(crate) fn request(&self) -> Bytes {
        self.request.get_or_init(|| self.batch.request(&self.resource).into()).clone()
    }

    /// The spans as structures, for other exporters.
    pub(crate) fn decode(&self) -> Vec<SpanData> {
        self.batch.decode()
    }
}
