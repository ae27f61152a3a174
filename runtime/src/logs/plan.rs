//! What of logs is to be set up, once code and environment are read, and what then runs.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{BatchConfigBuilder, BatchLogProcessor, SdkLoggerProvider};
use tracing_subscriber::filter::Targets;

use super::exceptions::{self, OptIn};
use super::exporter::{Correlating, Otlp};
use super::layer::{self, Outlets};
use super::{Format, Logs};
use crate::SetupError;
use crate::aside::{Aside, Begun};
use crate::export::Closing;
use crate::export::otlp::{OtlpSettings, names};
use crate::signal::{Asked, Post, PrometheusExporter, Signal, asked, done_by, over_by};
use crate::telemetry::{Reader, Reporter};

static LOGS: Signal = Signal { name: "log records", exporter: "OTEL_LOGS_EXPORTER", otlp: names!("LOGS", "v1/logs") };

/// What the SDK says of itself is no news for those who run the program: `traced` warns of what matters.
/// Without what warp says of each request, which its span says, too.
const DEFAULT_FILTER: &str = "info,opentelemetry=off,warp::filters=off";

/// What is to be set up.
pub(crate) struct Plan {
    logs: Logs,
    filter: Targets,
    resource: Resource,
    otlp: Option<Box<OtlpSettings>>,
    delay: Duration,
    queue: usize,
    batch: usize,
    exceptions: Option<OptIn>,
}

impl Plan {
    /// Reads the variables.
    pub(crate) fn read(mut logs: Logs, resource: Resource, reader: &mut Reader<'_>) -> Self {
        let asked = asked(&LOGS, PrometheusExporter::Unknown, reader);
        if asked.contains(&Asked::Console) {
            logs.format = logs.format.or(Some(Format::Text));
        }
        let parsed = reader.parse(&["RUST_LOG"], |_, value| {
            value.parse::<Targets>().map_err(|_| "write levels and targets, such as info,bookstore=debug".to_owned())
        });
        let filter = parsed.unwrap_or_else(|| DEFAULT_FILTER.parse().unwrap_or_default());
        let queue = reader.number(&["OTEL_BLRP_MAX_QUEUE_SIZE"], 1).unwrap_or(2048);
        let go_somewhere = logs.format.is_some() || asked.contains(&Asked::Otlp);
        Self {
            filter,
            resource,
            exceptions: OptIn::read(reader, go_somewhere),
            otlp: asked.contains(&Asked::Otlp).then(|| Box::new(OtlpSettings::for_signal(&LOGS.otlp, reader))),
            delay: reader.milliseconds(&["OTEL_BLRP_SCHEDULE_DELAY"]).unwrap_or(Duration::from_secs(1)),
            batch: reader.number(&["OTEL_BLRP_MAX_EXPORT_BATCH_SIZE"], 1).unwrap_or(512).min(queue),
            queue,
            logs,
        }
    }

    /// The same, shown at most.
    pub(crate) fn unexported(self) -> Self {
        Self { otlp: None, ..self }
    }

    /// Builds it and makes it the program's.
    pub(crate) fn install(self, reporter: &Reporter) -> Result<Running, SetupError> {
        let Self { logs, filter, resource, otlp, delay, queue, batch, exceptions } = self;
        let closing = Arc::new(Closing::default());
        let mut provider = None;
        if let Some(settings) = otlp {
            let destination = settings.destination();
            let post = Post::new(&LOGS, *settings, Arc::clone(&closing), reporter.clone())
                .map_err(|reason| SetupError::Exporter { destination, reason })?;
            let config = BatchConfigBuilder::default()
                .with_scheduled_delay(delay)
                .with_max_queue_size(queue)
                .with_max_export_batch_size(batch)
                .build();
            let processor = BatchLogProcessor::builder(Otlp::new(post)).with_batch_config(config).build();
            let builder = SdkLoggerProvider::builder().with_resource(resource);
            provider = Some(builder.with_log_processor(Correlating).with_log_processor(processor).build());
        }
        let outlets = Arc::new(Outlets {
            filter,
            terminal: logs.format.map(|format| (format, logs.writer)),
            bridge: RwLock::new(provider.as_ref().map(OpenTelemetryTracingBridge::new)),
        });
        layer::install(Arc::clone(&outlets), reporter).map_err(SetupError::Logs)?;
        exceptions::install(exceptions, provider.as_ref(), &outlets);
        Ok(Running { provider, closing, outlets, flushes: Aside::default() })
    }
}

/// The logs of an installed telemetry.
#[derive(Debug)]
pub(crate) struct Running {
    provider: Option<SdkLoggerProvider>,
    closing: Arc<Closing>,
    outlets: Arc<Outlets>,
    flushes: Aside,
}

impl Running {
    /// Begins to deliver what waits; once at most where all has to be over by `end`.
    pub(crate) fn begin_flush(&self, end: Option<Instant>) -> Option<Begun<OTelSdkResult>> {
        end.into_iter().for_each(|end| self.closing.begin(end));
        let provider = self.provider.clone()?;
        Some(self.flushes.begin(move || provider.force_flush()))
    }

    /// The end of that; an error says why it failed or was not done by `deadline`.
    pub(crate) fn end_flush(begun: Option<Begun<OTelSdkResult>>, deadline: Instant) -> Result<(), String> {
        begun.map_or(Ok(()), |begun| over_by(deadline, begun))
    }

    /// Delivers what waits, for the last time. The terminal goes on.
    pub(crate) fn shutdown(&self, deadline: Instant) -> Result<(), String> {
        exceptions::uninstall();
        *self.outlets.bridge.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.closing.begin(deadline);
        let left = deadline.saturating_duration_since(Instant::now());
        let Some(provider) = self.provider.clone() else { return Ok(()) };
        // Whatever flushes have not come back.
        done_by(deadline, &Aside::default(), move || provider.shutdown_with_timeout(left))
    }
}
