//! Metrics as lines on stderr.

use std::fmt::{self, Display, Write as _};
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Metric, MetricData, ResourceMetrics};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;

/// Writes a line for each point: `http.server.request.duration{http.route=/books/{id}} count=3 sum=0.012 s`.
pub(super) struct Console(Mutex<Box<dyn Write + Send>>);

impl Console {
    pub(super) fn stderr() -> Self {
        Self(Mutex::new(Box::new(std::io::stderr())))
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Console")
    }
}

impl PushMetricExporter for Console {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let mut text = String::new();
        for metric in metrics.scope_metrics().flat_map(|scope| scope.metrics()) {
            // A `String` takes everything.
            let _ = lines(metric, &mut text);
        }
        // A closed stderr is no reason to fail.
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(text.as_bytes());
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use opentelemetry::metrics::MeterProvider as _;
    use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};

    use super::*;

    #[derive(Clone, Default)]
    struct Text(Arc<Mutex<Vec<u8>>>);

    impl Write for Text {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn each_point_is_a_line_with_its_attributes_and_unit() {
        let text = Text::default();
        let console = Console(Mutex::new(Box::new(text.clone())));
        let provider = SdkMeterProvider::builder().with_reader(PeriodicReader::builder(console).build()).build();
        let meter = provider.meter("test");
        let duration = meter.f64_histogram("request.duration").with_unit("s").build();
        duration.record(0.25, &[KeyValue::new("http.route", "/books/{id}"), KeyValue::new("status", 200)]);
        duration.record(0.5, &[KeyValue::new("http.route", "/books/{id}"), KeyValue::new("status", 200)]);
        meter.u64_counter("orders").build().add(3, &[KeyValue::new("from", "a\nb")]);
        meter.i64_up_down_counter("active").with_unit("{call}").build().add(-2, &[]);
        meter.f64_gauge("level").build().record(0.5, &[]);
        provider.force_flush().unwrap();
        let text = String::from_utf8(text.0.lock().unwrap().clone()).unwrap();
        let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        lines.sort_unstable();
        let duration = ["http.route=/books/{id},status=200", "status=200,http.route=/books/{id}"]
            .map(|pairs| format!("request.duration{{{pairs}}} count=2 sum=0.75 s"));
        assert_eq!(&lines[..3], ["active -2 {call}", "level 0.5", "orders{from=a\\nb} 3"]);
        assert!(lines.len() == 4 && duration.iter().any(|line| line == lines[3]), "{text}");
    }
}
