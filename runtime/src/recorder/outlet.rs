//! What the collector threads hand finished spans to.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use opentelemetry_sdk::trace::SpanData;

use super::batch::{Batch, Resource};
use super::counts::Totals;

/// A way out for finished spans. It lives on a thread of its own.
pub(crate) trait Outlet: Send {
    /// Delivers `batch`, or says that it is to be tried again. `totals` are those of the pipeline.
    fn deliver(&mut self, batch: &Outgoing, totals: &Totals) -> Delivered;

    /// How long spans may wait for it at most, if that is less than the pipeline's schedule says.
    fn delay(&self) -> Option<Duration> {
        None
    }

    /// `spans` were dropped: it had so much to deliver still that there was no room, and others needed the memory.
    fn crowded_out(&mut self, _spans: u64) {}

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

/// Where spans go when no exporter is set up.
pub(super) struct Nowhere;

impl Outlet for Nowhere {
    fn deliver(&mut self, _batch: &Outgoing, _totals: &Totals) -> Delivered {
        Delivered::Done
    }

    fn abandon(&mut self, _spans: u64) {}
}

/// Finished spans on their way.
pub(crate) struct Outgoing {
    batch: Batch,
    resource: Arc<Resource>,
    request: OnceCell<Bytes>,
    /// A request that has been delivered, whose memory the next one may use.
    spent: Cell<Option<Bytes>>,
}

impl Outgoing {
    pub(super) fn new(batch: Batch, resource: &Arc<Resource>, spent: Option<Bytes>) -> Self {
        Self { batch, resource: Arc::clone(resource), request: OnceCell::new(), spent: Cell::new(spent) }
    }

    /// Its memory, for the next one.
    pub(super) fn into_spent(self) -> (Batch, Option<Bytes>) {
        let Self { mut batch, request, spent, .. } = self;
        batch.clear();
        (batch, request.into_inner().or(spent.into_inner()))
    }

    /// How many they are.
    pub(crate) fn len(&self) -> usize {
        self.batch.len()
    }

    /// The body of an OTLP request.
    #[cfg_attr(not(feature = "otlp"), allow(dead_code))]
    pub(crate) fn request(&self) -> Bytes {
        self.request.get_or_init(|| self.batch.request(&self.resource, self.spent.take())).clone()
    }

    /// The spans as structures, for other exporters.
    pub(crate) fn decode(&self) -> Vec<SpanData> {
        self.batch.decode()
    }
}
