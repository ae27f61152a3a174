//! What of metrics is to be set up, once code and environment are read, and what then runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry::global;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{MeterProviderBuilder, PeriodicReader, SdkMeterProvider, Temporality};

use super::bound;
use super::console::Console;
use super::exporter::Otlp;
use super::instruments::{self, Instruments};
use crate::SetupError;
use crate::aside::Aside;
use crate::export::Closing;
use crate::export::otlp::{OtlpSettings, names};
use crate::recorder::Totals;
use crate::signal::{Asked, Post, PrometheusExporter, Signal, asked, done_by};
use crate::telemetry::{Reader, Reporter, Stats};

static METRICS: Signal =
    Signal { name: "metrics", exporter: "OTEL_METRICS_EXPORTER", otlp: names!("METRICS", "v1/metrics") };

/// An exporter that was given in code, whose type is known only to the function that makes its reader.
pub(crate) struct GivenExporter(Box<dyn FnOnce(MeterProviderBuilder, Duration) -> MeterProviderBuilder + Send>);

/// What code says of metrics.
#[derive(Default)]
pub(crate) struct Given {
    exporters: Vec<GivenExporter>,
    #[cfg(feature = "prometheus")]
    pub(crate) prometheus: bool,
}

impl Given {
    pub(crate) fn exporter(&mut self, exporter: impl PushMetricExporter) {
        self.exporters.push(GivenExporter(Box::new(|builder, interval| {
            builder.with_reader(PeriodicReader::builder(exporter).with_interval(interval).build())
        })));
    }
}

/// What is to be set up.
pub(crate) struct Plan {
    given: Given,
    resource: Resource,
    interval: Duration,
    otlp: Option<(Box<OtlpSettings>, Temporality)>,
    console: bool,
    prometheus: bool,
}

impl Plan {
    /// Reads the variables.
    pub(crate) fn read(given: Given, resource: Resource, reader: &mut Reader<'_>) -> Self {
        let prometheus =
            if cfg!(feature = "prometheus") { PrometheusExporter::Known } else { PrometheusExporter::LeftOut };
        let asked = if given.exporters.is_empty() { asked(&METRICS, prometheus, reader) } else { Vec::new() };
        let timeout = reader.milliseconds(&["OTEL_METRIC_EXPORT_TIMEOUT"]).unwrap_or(Duration::from_secs(30));
        let otlp = asked.contains(&Asked::Otlp).then(|| {
            let mut settings = OtlpSettings::for_signal(&METRICS.otlp, reader);
            settings.timeout = settings.timeout.min(timeout);
            (Box::new(settings), temporality(reader))
        });
        #[cfg(feature = "prometheus")]
        let prometheus = given.prometheus || asked.contains(&Asked::Prometheus);
        #[cfg(not(feature = "prometheus"))]
        let prometheus = false;
        Self {
            interval: reader.milliseconds(&["OTEL_METRIC_EXPORT_INTERVAL"]).unwrap_or(Duration::from_secs(60)),
            console: asked.contains(&Asked::Console),
            given,
            resource,
            otlp,
            prometheus,
        }
    }

    /// Builds it; none when the metrics would go nowhere.
    pub(crate) fn build(self, reporter: &Reporter) -> Result<Option<Metrics>, SetupError> {
        let Self { given, resource, interval, otlp, console, prometheus } = self;
        if given.exporters.is_empty() && otlp.is_none() && !console && !prometheus {
            return Ok(None);
        }
        let closing = Arc::new(Closing::default());
        let mut builder = bound::prepared(SdkMeterProvider::builder().with_resource(resource));
        for exporter in given.exporters {
            builder = (exporter.0)(builder, interval);
        }
        if let Some((settings, temporality)) = otlp {
            let destination = settings.destination();
            let post = Post::new(&METRICS, *settings, Arc::clone(&closing), reporter.clone())
                .map_err(|reason| SetupError::Exporter { destination, reason })?;
            let exporter = Otlp::new(post, temporality);
            builder = builder.with_reader(PeriodicReader::builder(exporter).with_interval(interval).build());
        }
        if console {
            builder = builder.with_reader(PeriodicReader::builder(Console::stderr()).with_interval(interval).build());
        }
        #[cfg(feature = "prometheus")]
        let (builder, prometheus) = super::prometheus::reader(builder, prometheus)?;
        let provider = builder.build();
        let instruments = Arc::new(Instruments::new(&provider));
        Ok(Some(Metrics {
            provider,
            closing,
            instruments,
            flushes: Aside::default(),
            #[cfg(feature = "prometheus")]
            prometheus,
        }))
    }
}

fn temporality(reader: &mut Reader<'_>) -> Temporality {
    let variable = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    let read = reader.parse(&[variable], |_, value| match value.to_ascii_lowercase().as_str() {
        "cumulative" => Ok(Temporality::Cumulative),
        "delta" => Ok(Temporality::Delta),
        "lowmemory" => Ok(Temporality::LowMemory),
        _ => Err("write cumulative, delta or lowmemory".to_owned()),
    });
    read.unwrap_or(Temporality::Cumulative)
}

/// The metrics of an installed telemetry.
#[derive(Debug)]
pub(crate) struct Metrics {
    provider: SdkMeterProvider,
    closing: Arc<Closing>,
    instruments: Arc<Instruments>,
    flushes: Aside,
    #[cfg(feature = "prometheus")]
    prometheus: Option<super::Prometheus>,
}

impl Metrics {
    /// Puts on metrics how the pipeline of the spans fares.
    pub(crate) fn observe_pipeline(
        &self,
        totals: impl Fn() -> Totals + Send + Sync + 'static,
        exporters: &[Arc<Stats>],
        capacity: Option<usize>,
    ) {
        super::pipeline::observe(&self.provider.meter("traced"), totals, exporters, capacity);
    }

    /// Makes them the program's.
    pub(crate) fn install(&self) {
        global::set_meter_provider(self.provider.clone());
        instruments::install(Some(Arc::clone(&self.instruments)));
    }

    #[cfg(feature = "prometheus")]
    pub(crate) fn prometheus(&self) -> Option<super::Prometheus> {
        self.prometheus.clone()
    }

    /// Collects and delivers; an error says why that failed or was not done by `deadline`.
    pub(crate) fn flush(&self, deadline: Instant) -> Result<(), String> {
        let provider = self.provider.clone();
        done_by(deadline, &self.flushes, move || provider.force_flush())
    }

    /// The same, for the last time.
    pub(crate) fn shutdown(&self, deadline: Instant) -> Result<(), String> {
        instruments::install(None);
        self.closing.begin(deadline);
        let provider = self.provider.clone();
        // Whatever flushes have not come back.
        done_by(deadline, &Aside::default(), move || provider.shutdown())
    }
}
