//! Watching an exporter: what it is given, what becomes of it, and what has to be said about that.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor};

use crate::telemetry::{Batching, Outage, Overflow, Reporter, Stats, truncate};

/// What an exporter knows about its latest batch beyond what the SDK's result can say.
#[derive(Debug, Default)]
pub(crate) struct Details(Mutex<Detail>);

#[derive(Debug, Default)]
struct Detail {
    error: Option<String>,
    rejected: u64,
}

impl Details {
    pub(crate) fn failed(&self, error: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).error = Some(error);
    }

    pub(crate) fn rejected(&self, spans: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rejected = spans;
    }

    fn take(&self) -> Detail {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Everything that is common to the exporters of one pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    pub(crate) destination: String,
    pub(crate) reporter: Reporter,
    pub(crate) value_length: Option<usize>,
    pub(crate) batching: Batching,
}

/// An exporter that is watched.
struct Metered<E> {
    exporter: E,
    watch: Watch,
    stats: Arc<Stats>,
    details: Arc<Details>,
    said: Mutex<(Outage, Overflow)>,
}

impl<E: SpanExporter> Metered<E> {
    /// Exports; a panic of the exporter is an error like any other, since the thread has to live on.
    async fn deliver(&self, batch: Vec<SpanData>) -> Result<u64, String> {
        let mut export = pin!(async { self.exporter.export(batch).await });
        let result = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| export.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(result)) => Poll::Ready(result.map_err(|error| error.to_string())),
            Err(_) => Poll::Ready(Err("the exporter panicked".to_owned())),
        })
        .await;
        let detail = self.details.take();
        match result {
            Ok(()) => Ok(detail.rejected),
            Err(error) => Err(detail.error.unwrap_or(error)),
        }
    }

    fn report(&self, outcome: &Result<u64, String>, spans: u64) {
        let now = Instant::now();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let (outage, overflow) = &mut *said;
        let destination = &self.watch.destination;
        let warning = match outcome {
            Ok(0) => outage.succeeded(now, destination),
            Ok(rejected) => {
                let error = "the collector refused some of the spans; its own log says why";
                outage.failed(now, destination, error, *rejected)
            }
            Err(error) => outage.failed(now, destination, error, spans),
        };
        let overflow = overflow.dropped(now, self.stats.queue_full(), self.stats.capacity());
        drop(said);
        for warning in warning.iter().chain(&overflow) {
            self.watch.reporter.warn(warning);
        }
    }
}

impl<E: SpanExporter> SpanExporter for Metered<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        self.stats.taken(spans);
        if let Some(limit) = self.watch.value_length {
            batch.iter_mut().for_each(|span| truncate(span, limit));
        }
        let outcome = self.deliver(batch).await;
        self.report(&outcome, spans);
        let result = outcome.as_ref().map(|_| ()).map_err(|error| OTelSdkError::InternalFailure(error.clone()));
        self.stats.settled(spans, outcome);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn shutdown(&self) -> OTelSdkResult {
        self.exporter.shutdown()
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E: fmt::Debug> fmt::Debug for Metered<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Metered").field(&self.exporter).finish()
    }
}

/// The SDK's batch processor, with a queue whose state and losses are known: full, it drops before the SDK does.
#[derive(Debug)]
pub(crate) struct WatchedProcessor {
    batch: BatchSpanProcessor,
    stats: Arc<Stats>,
}

impl WatchedProcessor {
    /// Batches for `exporter`, on a thread of its own.
    pub(crate) fn new(
        exporter: impl SpanExporter + 'static,
        watch: Watch,
        details: Arc<Details>,
    ) -> (Self, Arc<Stats>) {
        let stats = Arc::new(Stats::new(watch.batching.queue));
        let Batching { delay, queue, batch, .. } = watch.batching;
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(queue)
            .with_max_export_batch_size(batch)
            .with_scheduled_delay(delay)
            .build();
        let exporter = Metered { exporter, watch, stats: Arc::clone(&stats), details, said: Mutex::default() };
        let batch = BatchSpanProcessor::new(exporter, config);
        (Self { batch, stats: Arc::clone(&stats) }, stats)
    }
}

impl SpanProcessor for WatchedProcessor {
    fn on_start(&self, span: &mut Span, cx: &Context) {
        self.stats.started();
        self.batch.on_start(span, cx);
    }

    fn on_end(&self, span: SpanData) {
        // A span that is recorded and not sampled is not for exporters.
        if self.stats.ended(span.span_context.is_sampled()) {
            self.batch.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batch.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batch.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batch.set_resource(resource);
    }
}
