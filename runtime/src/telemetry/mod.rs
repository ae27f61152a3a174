//! Setting up: what is recorded, where it goes, and how it is brought to its end.

mod builder;
mod component;
mod environment;
mod error;
mod exporters;
mod limits;
mod outcome;
mod plan;
mod propagators;
mod report;
mod resource;
mod said;
mod sampling;
mod stats;
#[cfg(feature = "warp")]
pub(crate) mod wrong_use;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use opentelemetry::global;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::SdkTracerProvider;

pub use builder::TelemetryBuilder;
pub use error::{FlushError, InvalidVariable, SetupError};
pub use report::Warning;

use outcome::Since;

pub(crate) use component::Component;
pub(crate) use environment::Environment;
#[cfg(any(feature = "metrics", feature = "logs"))]
pub(crate) use environment::list;
#[cfg(test)]
pub(crate) use environment::tests;
#[cfg(feature = "otlp")]
pub(crate) use environment::{Reader, pairs};
pub(crate) use report::{Outage, Overflow, Reporter};
pub(crate) use said::said;
#[cfg(feature = "metrics")]
pub(crate) use stats::Tally;
pub(crate) use stats::{Order, REFUSED, Stats};

use crate::aside::{Aside, Undone};
use crate::export::Closing;
use crate::recorder::{self, Pipeline};
use crate::span::filter;
use crate::{FilterError, Health};

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
    stats: Vec<Arc<Stats>>,
    #[cfg(feature = "metrics")]
    max_queue_size: Option<usize>,
    closing: Arc<Closing>,
    flush_timeout: Duration,
    /// Those of the application's provider.
    flushes: Aside,
    destination: String,
    shut_down: AtomicBool,
    #[cfg(feature = "metrics")]
    metrics: Option<crate::metrics::Metrics>,
    #[cfg(feature = "logs")]
    logs: Option<crate::logs::Running>,
    _claim: Claim,
}

/// What a builder makes.
struct Parts {
    pipeline: Option<Pipeline>,
    stats: Vec<Arc<Stats>>,
    /// How many spans may wait, where that is limited.
    #[cfg_attr(not(feature = "metrics"), allow(dead_code))]
    max_queue_size: Option<usize>,
    closing: Arc<Closing>,
    flush_timeout: Duration,
    destination: String,
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
        #[cfg(feature = "metrics")]
        let max_queue_size = parts.max_queue_size;
        let Parts { pipeline, stats, closing, flush_timeout, destination, .. } = parts;
        let pipeline = pipeline.map(Arc::new);
        if let Some(pipeline) = &pipeline {
            if !recorder::install(Arc::clone(pipeline)) {
                return Err(SetupError::AlreadyInstalled);
            }
            if let Some(provider) = pipeline.recording_provider() {
                global::set_tracer_provider(provider);
            }
        }
        let shut_down = AtomicBool::new(false);
        Ok(Self {
            pipeline,
            stats,
            #[cfg(feature = "metrics")]
            max_queue_size,
            closing,
            flush_timeout,
            flushes: Aside::default(),
            destination,
            shut_down,
            #[cfg(feature = "metrics")]
            metrics: None,
            #[cfg(feature = "logs")]
            logs: None,
            _claim: claim,
        })
    }

    /// With log records, which were set up last.
    #[cfg(feature = "logs")]
    fn with_logs(mut self, logs: Option<crate::logs::Running>) -> Self {
        self.logs = logs;
        self
    }

    /// With metrics, which become the program's.
    #[cfg(feature = "metrics")]
    fn with_metrics(mut self, metrics: Option<crate::metrics::Metrics>) -> Self {
        // Of an application's own provider nothing is known.
        let own = self.pipeline.as_ref().filter(|pipeline| pipeline.provider().is_none());
        if let (Some(metrics), Some(pipeline)) = (&metrics, own) {
            let pipeline = Arc::downgrade(pipeline);
            let totals = move || pipeline.upgrade().map(|pipeline| pipeline.totals()).unwrap_or_default();
            metrics.observe_pipeline(totals, &self.stats, self.max_queue_size);
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
        let totals = self.pipeline.as_ref().map(|pipeline| pipeline.totals()).unwrap_or_default();
        Health::of(&totals, self.stats.iter().map(|stats| &**stats))
    }

    /// Delivers every span that has ended, the log records, and the metrics as they are then, and waits for that.
    ///
    /// # Errors
    ///
    /// If spans or metrics were lost meanwhile or could not be delivered yet, an exporter failed to hand on what it holds
    /// itself (its own `force_flush` did), or the [flush timeout](TelemetryBuilder::flush_timeout) passed first.
    pub fn flush(&self) -> Result<(), FlushError> {
        if self.shut_down.load(Ordering::Acquire) {
            return Err(FlushError::ShutDown);
        }
        self.with_signals(|| self.flush_traces(), false)
    }

    /// All are tried, whatever became of the others; the first failure is told.
    #[cfg_attr(not(any(feature = "metrics", feature = "logs")), allow(unused_variables))]
    fn with_signals(&self, traces: impl FnOnce() -> Result<(), FlushError>, last: bool) -> Result<(), FlushError> {
        #[cfg(any(feature = "metrics", feature = "logs"))]
        let deadline = Instant::now() + self.flush_timeout;
        // Beside the spans: an exporter of those that hangs would leave no time for the records.
        #[cfg(feature = "logs")]
        let records = self.logs.as_ref().and_then(|logs| logs.begin_flush(last.then_some(deadline)));
        let result = traces();
        #[cfg(feature = "logs")]
        let result = {
            let flushed = crate::logs::Running::end_flush(records, deadline);
            // There may be more by now.
            let shutdown = || self.logs.as_ref().map_or(Ok(()), |logs| logs.shutdown(deadline));
            let logs = if last { flushed.and(shutdown()) } else { flushed };
            result.and(logs.map_err(FlushError::Logs))
        };
        // After the spans, so that the metrics count them.
        #[cfg(feature = "metrics")]
        let result = {
            let finish = if last { crate::metrics::Metrics::shutdown } else { crate::metrics::Metrics::flush };
            let metrics = self.metrics.as_ref().map_or(Ok(()), |metrics| finish(metrics, deadline));
            result.and(metrics.map_err(FlushError::Metrics))
        };
        result
    }

    fn flush_traces(&self) -> Result<(), FlushError> {
        let Some(pipeline) = &self.pipeline else { return Ok(()) };
        match pipeline.provider() {
            Some(provider) => self.with_provider(provider, &self.flushes, |provider, _| provider.force_flush()),
            None => self.outcome_of(|timeout| pipeline.flush(timeout)),
        }
    }

    /// Stops recording and delivers what is left. Again, it does nothing.
    ///
    /// # Errors
    ///
    /// As [`flush`](Telemetry::flush).
    pub fn shutdown(&self) -> Result<(), FlushError> {
        self.end(|provider, deadline| {
            let flushed = provider.force_flush();
            match provider.shutdown_with_timeout(deadline.saturating_duration_since(Instant::now())) {
                // The application was faster.
                Err(OTelSdkError::AlreadyShutdown) => Ok(()),
                ended => flushed.and(ended),
            }
        })
    }

    /// Ends everything, an application's own provider by `end_provider`.
    fn end(&self, end_provider: OfProvider) -> Result<(), FlushError> {
        if self.shut_down.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        #[cfg(feature = "warp")]
        wrong_use::report_to(None);
        self.with_signals(|| self.shutdown_traces(end_provider), true)
    }

    fn shutdown_traces(&self, end_provider: OfProvider) -> Result<(), FlushError> {
        let Some(pipeline) = &self.pipeline else { return Ok(()) };
        recorder::uninstall(pipeline);
        match pipeline.provider() {
            // Whatever flushes have not come back.
            Some(provider) => self.with_provider(provider, &Aside::default(), end_provider),
            None => {
                self.closing.begin(Instant::now() + self.flush_timeout);
                self.outcome_of(|timeout| pipeline.shutdown(timeout))
            }
        }
    }

    /// Does `work`, which says whether it was in time, and says what was lost.
    fn outcome_of(&self, work: impl FnOnce(Duration) -> bool) -> Result<(), FlushError> {
        let crowded_out = || self.pipeline.as_ref().map_or(0, |pipeline| pipeline.crowded_out());
        let (since, before) = (Since::now(&self.stats), crowded_out());
        let in_time = work(self.flush_timeout);
        let kept = self.pipeline.as_ref().map_or(0, |pipeline| pipeline.kept());
        let late = (!in_time).then_some(self.flush_timeout);
        since.result(late, crowded_out() - before, kept, self.health().queued)
    }

    /// Does `work` with the application's provider, on a thread of its own: what it does is not known, and might not end.
    fn with_provider(&self, provider: &SdkTracerProvider, aside: &Aside, work: OfProvider) -> Result<(), FlushError> {
        let provider = provider.clone();
        let deadline = Instant::now() + self.flush_timeout;
        match aside.run(deadline, move || work(&provider, deadline)) {
            Ok(done) => done.map_err(|error| FlushError::Provider(said(&error))),
            Err(Undone::Late) => Err(FlushError::TimedOut { after: self.flush_timeout, pending: 0, last_error: None }),
            Err(undone) => Err(FlushError::Provider(undone.to_string())),
        }
    }
}

/// What is done with an application's own provider, by a deadline.
type OfProvider = fn(&SdkTracerProvider, Instant) -> OTelSdkResult;

impl Drop for Telemetry {
    fn drop(&mut self) {
        // What was lost was said by the exporter's warning, and nobody is here to be told.
        // The provider may have been given to others, too.
        let _ = self.end(|provider, _| provider.force_flush());
    }
}
