//! Metrics as lines on stderr.

use std::fmt::{self, Display, Write as _};
use std::io::Write as _;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Metric, MetricData, ResourceMetrics};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;

/// Writes a line for each point: `http.server.request.duration{http.route=/books/{id}} count=3 sum=0.012 s`.
#[derive(Debug)]
pub(super) struct Console;

impl PushMetricExporter for Console {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let mut text = String::new();
        for metric in metrics.scope_metrics().flat_map(|scope| scope.metrics()) {
            // A `String` takes everything.
            let _ = lines(metric, &mut text);
        }
        // A closed stderr is no reason to fail.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

fn lines(metric: &Metric, text: &mut String) -> fmt::Result {
    match metric.data() {
        AggregatedMetrics::F64(data) => data_lines(metric, data, text),
        AggregatedMetrics::I64(data) => data_lines(metric, data, text),
        AggregatedMetrics::U64(data) => data_lines(metric, data, text),
    }
}

fn data_lines<T: Display + Copy>(metric: &Metric, data: &MetricData<T>, text: &mut String) -> fmt::Result {
    let mut line = |attributes: &mut dyn Iterator<Item = &KeyValue>, value: fmt::Arguments<'_>| {
        let pairs: Vec<String> =
            attributes.map(|pair| format!("{}={}", pair.key, pair.value.as_str().escape_debug())).collect();
        let name = metric.name();
        match pairs.is_empty() {
            true => writeln!(text, "{name} {value} {}", metric.unit()),
            false => writeln!(text, "{name}{{{}}} {value} {}", pairs.join(","), metric.unit()),
        }
    };
    match data {
        MetricData::Gauge(gauge) => {
            gauge.data_points().try_for_each(|p| line(&mut p.attributes(), format_args!("{}", p.value())))
        }
        MetricData::Sum(sum) => {
            sum.data_points().try_for_each(|p| line(&mut p.attributes(), format_args!("{}", p.value())))
        }
        MetricData::Histogram(histogram) => histogram
            .data_points()
            .try_for_each(|p| line(&mut p.attributes(), format_args!("count={} sum={}", p.count(), p.sum()))),
        MetricData::ExponentialHistogram(histogram) => histogram
            .data_points()
            .try_for_each(|p| line(&mut p.attributes(), format_args!("count={} sum={}", p.count(), p.sum()))),
    }
}
