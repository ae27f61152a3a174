//! Setting up: what is recorded, where it goes, and how it is brought to its end.

mod builder;
mod environment;
mod error;
mod exporters;
mod health;
mod limits;
mod plan;
mod propagators;
mod report;
mod resource;
mod sampling;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use opentelemetry::global;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::SdkTracerProvider;

pub use builder::TelemetryBuilder;
pub use error::{FlushError, InvalidVariable, SetupError};
pub use health::{Dropped, Health};
pub use report::Warning;

pub(crate) use environment::Environment;
#[cfg(feature = "metrics")]
pub(crate) use environment::list;
#[cfg(test)]
pub(crate) use environment::tests;
#[cfg(feature = "otlp")]
pub(crate) use environment::{Reader, pairs};
pub(crate) use health::Stats;
pub(crate) use limits::{Batching, truncate};
pub(crate) use report::{Outage, Overflow, Reporter};

use crate::FilterError;
use crate::export::Closing;
use crate::recorder::{self, Pipeline};
use crate::span::filter;

/// The installed telemetry. Keep it until the program ends: dropped, it delivers what is left, within its
/// [flush timeout](TelemetryBuilder::flush_timeout).
///
/// Neither flushing nor shutting down needs an async runtime or blocks one for longer than that: exporting runs on a
/// thread of its own.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let telemetry = traced::Telemetry::builder()
///     .service_name("bookstore-api")
///     .resource_attribute("service.namespace", "bookstore")
///     # .environment(|name| (name == "OTEL_TRACES_EXPORTER").then(|| "none".to_owned()))
///     .install()?;
/// println!("{}", telemetry.destination());
/// // .. the program ..
/// telemetry.shutdown()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "dropping it shuts the telemetry down: keep it until the program ends"]
pub struct Telemetry {
    /// None when the SDK is disabled.
    pipeline: Option<Arc<Pipeline>>,
    /// Whether the provider is this telemetry's own, to be shut down with it.
    owned: bool,
    stats: Vec<Arc<Stats>>,
    closing: Arc<Closing>,
    flush_timeout: Duration,
    destination: String,
    shut_down: AtomicBool,
    #[cfg(feature = "metrics")]
    metrics: Option<crate::metrics::Metrics>,
    _claim: Claim,
}

/// What a builder makes.
struct Parts {
    pipeline: Option<Pipeline>,
    owned: bool,
    stats: Vec<Arc<Stats>>,
    closing: Arc<Closing>,
    flush_timeout: Duration,
    destination: String,
}

fn health_of(stats: &[Arc<Stats>]) -> Health {
    let mut health = Health::default();
    for stats in stats {
        stats.add_to(&mut health);
    }
    health
}

/// While one lives, no second telemetry can be installed.
#[derive(Debug)]
struct Claim(());

static CLAIMED: AtomicBool = AtomicBool::new(false);

impl Claim {
    fn take() -> Option<Self> {
        (!CLAIMED.swap(true, Ordering::AcqRel)).then_some(Self(()))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        CLAIMED.store(false, Ordering::Release);
    }
}

impl Telemetry {
    /// Begins to describe a set-up.
    pub fn builder() -> TelemetryBuilder {
        TelemetryBuilder::new()
    }

    fn start(parts: Parts, claim: Claim) -> Result<Self, SetupError> {
        let Parts { pipeline, owned, stats, closing, flush_timeout, destination } = parts;
        let pipeline = pipeline.map(Arc::new);
        if let Some(pipeline) = &pipeline {
            if !recorder::install(Arc::clone(pipeline)) {
                return Err(SetupError::AlreadyInstalled);
            }
            if owned {
                global::set_tracer_provider(pipeline.provider().clone());
            }
        }
        let shut_down = AtomicBool::new(false);
        Ok(Self {
            pipeline,
            owned,
            stats,
            closing,
            flush_timeout,
            destination,
            shut_down,
            #[cfg(feature = "metrics")]
            metrics: None,
            _claim: claim,
        })
    }

    /// With metrics, which become the program's.
    #[cfg(feature = "metrics")]
    fn with_metrics(mut self, metrics: Option<crate::metrics::Metrics>) -> Self {
        if let Some(metrics) = metrics.as_ref().filter(|_| !self.stats.is_empty()) {
            let stats = self.stats.clone();
            metrics.observe_pipeline(move || health_of(&stats));
        }
        self.metrics = metrics;
        self.metrics.iter().for_each(crate::metrics::Metrics::install);
        self
    }

    /// The metrics as Prometheus reads them; none unless [`prometheus`](TelemetryBuilder::prometheus) or
    /// OTEL_METRICS_EXPORTER asked for them, or when the SDK is disabled.
    ///
    /// OTEL_METRICS_EXPORTER=prometheus opens no port of its own: the program serves the text.
    #[cfg(feature = "prometheus")]
    pub fn prometheus(&self) -> Option<crate::metrics::Prometheus> {
        self.metrics.as_ref()?.prometheus()
    }

    /// Where the traces go, for people: `traces go to http://localhost:4318/v1/traces (OTLP over HTTP)`. It holds no
    /// user, password or query of a URL.
    pub fn destination(&self) -> &str {
        &self.destination
    }

    /// Changes which functions record, from now on, by level and place.
    ///
    /// # Errors
    ///
    /// If a directive can't be understood; the filter is then as before.
    ///
    /// ```
    /// # let telemetry = traced::Telemetry::builder()
    /// #     .environment(|name| (name == "OTEL_TRACES_EXPORTER").then(|| "none".to_owned()))
    /// #     .install()?;
    /// telemetry.set_filter("info,bookstore::books=off")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_filter(&self, directives: &str) -> Result<(), FilterError> {
        filter::set(Some(directives.parse()?));
        Ok(())
    }

    /// How the pipeline fares. With a provider [of the application's own](TelemetryBuilder::tracer_provider) nothing is
    /// known, and every count is zero.
    pub fn health(&self) -> Health {
        health_of(&self.stats)
    }

    /// Delivers every span that has ended, and the metrics as they are then, and waits for that.
    ///
    /// # Errors
    ///
    /// If spans or metrics were lost meanwhile, or the [flush timeout](TelemetryBuilder::flush_timeout) passed first.
    pub fn flush(&self) -> Result<(), FlushError> {
        if self.shut_down.load(Ordering::Acquire) {
            return Err(FlushError::ShutDown);
        }
        #[cfg(feature = "metrics")]
        let deadline = Instant::now() + self.flush_timeout;
        let traces = self.flush_traces();
        #[cfg(feature = "metrics")]
        let traces = {
            // Both are tried, whatever became of the first.
            let metrics = self.metrics.as_ref().map_or(Ok(()), |metrics| metrics.flush(deadline));
            traces.and(metrics.map_err(FlushError::Metrics))
        };
        traces
    }

    fn flush_traces(&self) -> Result<(), FlushError> {
        let Some(pipeline) = &self.pipeline else { return Ok(()) };
        let deadline = Instant::now() + self.flush_timeout;
        let awaited: Vec<_> = self.stats.iter().map(|stats| (Arc::clone(stats), stats.accepted())).collect();
        self.finish(pipeline.provider().clone(), move |provider| {
            loop {
                let result = provider.force_flush();
                // A span that was on its way into the queue is fetched by another round.
                let round = deadline.min(Instant::now() + Duration::from_millis(100));
                if awaited.iter().all(|(stats, accepted)| stats.wait(*accepted, round)) || Instant::now() >= deadline {
                    return if awaited.is_empty() { result } else { Ok(()) };
                }
            }
        })
    }

    /// Stops recording and delivers what is left. Again, it does nothing.
    ///
    /// # Errors
    ///
    /// As [`flush`](Telemetry::flush).
    pub fn shutdown(&self) -> Result<(), FlushError> {
        if self.shut_down.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        #[cfg(feature = "metrics")]
        let deadline = Instant::now() + self.flush_timeout;
        let traces = self.shutdown_traces();
        // After the spans, so that the last metrics count them.
        #[cfg(feature = "metrics")]
        let traces = {
            let metrics = self.metrics.as_ref().map_or(Ok(()), |metrics| metrics.shutdown(deadline));
            traces.and(metrics.map_err(FlushError::Metrics))
        };
        traces
    }

    fn shutdown_traces(&self) -> Result<(), FlushError> {
        let Some(pipeline) = &self.pipeline else { return Ok(()) };
        recorder::uninstall(pipeline);
        let timeout = self.flush_timeout;
        self.closing.begin(Instant::now() + timeout);
        let owned = self.owned;
        let result = self.finish(pipeline.provider().clone(), move |provider| {
            if owned { provider.shutdown_with_timeout(timeout) } else { provider.force_flush() }
        });
        for stats in &self.stats {
            stats.close();
        }
        result
    }

    /// Does `work` on another thread, waits for it until the timeout, and says what was lost.
    fn finish(
        &self,
        provider: SdkTracerProvider,
        work: impl FnOnce(SdkTracerProvider) -> OTelSdkResult + Send + 'static,
    ) -> Result<(), FlushError> {
        let before = self.lost();
        let (sender, done) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name("traced-flush".to_owned()).spawn(move || {
            // Nobody listens any more if this took too long.
            let _ = sender.send(work(provider));
        });
        // Without a thread nothing was done: that is a timeout without a wait.
        let result = thread.ok().and_then(|_| done.recv_timeout(self.flush_timeout).ok());
        let pending = self.stats.iter().map(|stats| stats.pending()).sum();
        let last_error = self.stats.iter().find_map(|stats| stats.outcome().last_error().cloned());
        let spans = self.lost() - before;
        match result {
            Some(_) if spans > 0 => Err(FlushError::Lost { spans, last_error }),
            Some(Ok(())) => Ok(()),
            Some(Err(error)) if pending == 0 => Err(FlushError::Provider(error.to_string())),
            _ => Err(FlushError::TimedOut { after: self.flush_timeout, pending, last_error }),
        }
    }

    fn lost(&self) -> u64 {
        self.stats.iter().map(|stats| stats.outcome().lost()).sum()
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        // What was lost was said by the exporter's warning, and nobody is here to be told.
        let _ = self.shutdown();
    }
}
