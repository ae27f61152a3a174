//! Setting up: what code says, then what the environment says.

use std::fmt;
use std::time::Duration;

use opentelemetry::{Key, KeyValue, Value};
use opentelemetry_sdk::trace::{SdkTracerProvider, ShouldSample, SpanExporter, SpanLimits};

use super::environment::{Environment, Reader};
use super::error::SetupError;
use super::plan::{GivenExporter, Plan};
use super::report::{Reporter, Warning};
use super::sampling::Sampling;
use super::{Claim, Telemetry};
use crate::Filter;
use crate::recorder::Redactor;
use crate::span::filter;

/// A deadline that no clock can hold would be a panic.
const LONGEST_FLUSH: Duration = Duration::from_secs(86_400);

/// Describes how traces are recorded and where they go: [`Telemetry::builder`].
///
/// What is not said in code is read from the standard
/// [environment](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/) by
/// [`install`](TelemetryBuilder::install).
#[must_use = "nothing is set up before `install()`"]
pub struct TelemetryBuilder {
    pub(super) resource: Vec<KeyValue>,
    pub(super) sampling: Option<Sampling>,
    pub(super) exporters: Vec<GivenExporter>,
    pub(super) provider: Option<SdkTracerProvider>,
    pub(super) console_when_unconfigured: bool,
    pub(super) strict: bool,
    pub(super) filter: Option<Filter>,
    pub(super) span_limits: Option<SpanLimits>,
    pub(super) value_length: Option<usize>,
    pub(super) max_queue_bytes: Option<usize>,
    pub(super) redactor: Option<Redactor>,
    pub(super) flush_timeout: Option<Duration>,
    #[cfg(feature = "metrics")]
    pub(super) metrics: crate::metrics::Given,
    #[cfg(feature = "logs")]
    pub(super) logs: Option<crate::logs::Logs>,
    pub(super) reporter: Reporter,
    pub(super) environment: Environment,
    #[cfg(feature = "otlp")]
    otlp_protocol: Option<crate::OtlpProtocol>,
}

impl TelemetryBuilder {
    pub(super) fn new() -> Self {
        Self {
            resource: Vec::new(),
            sampling: None,
            exporters: Vec::new(),
            provider: None,
            console_when_unconfigured: false,
            strict: false,
            filter: None,
            span_limits: None,
            value_length: None,
            max_queue_bytes: None,
            redactor: None,
            flush_timeout: None,
            #[cfg(feature = "metrics")]
            metrics: crate::metrics::Given::default(),
            #[cfg(feature = "logs")]
            logs: None,
            reporter: Reporter::stderr(),
            environment: Environment::process(),
            #[cfg(feature = "otlp")]
            otlp_protocol: None,
        }
    }

    /// Names the service: the resource attribute `service.name`. Otherwise OTEL_SERVICE_NAME does.
    pub fn service_name(self, name: impl Into<Value>) -> Self {
        self.resource_attribute("service.name", name)
    }

    /// Adds an attribute of the resource, which stands for every span. It goes before OTEL_RESOURCE_ATTRIBUTES.
    pub fn resource_attribute(mut self, key: impl Into<Key>, value: impl Into<Value>) -> Self {
        self.resource.push(KeyValue::new(key, value));
        self
    }

    /// Adds attributes of the resource.
    pub fn resource_attributes(mut self, attributes: impl IntoIterator<Item = KeyValue>) -> Self {
        self.resource.extend(attributes);
        self
    }

    /// Decides which traces are recorded. It sees no attributes: they are evaluated for recorded spans alone.
    ///
    /// Otherwise OTEL_TRACES_SAMPLER does; by default everything is recorded whose parent is.
    ///
    /// ```
    /// use traced::opentelemetry_sdk::trace::Sampler;
    ///
    /// let builder = traced::Telemetry::builder()
    ///     .sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(0.1))));
    /// ```
    pub fn sampler(mut self, sampler: impl ShouldSample + 'static) -> Self {
        self.sampling = Some(Sampling::given(sampler, false));
        self
    }

    /// Decides which spans are recorded by their attributes too, which are therefore evaluated for every span.
    pub fn sampler_with_attributes(mut self, sampler: impl ShouldSample + 'static) -> Self {
        self.sampling = Some(Sampling::given(sampler, true));
        self
    }

    /// Sends the spans to `exporter`, instead of what the environment names. Called again, to that one too.
    ///
    /// It is called on a thread of its own, which is in no async runtime. A flush calls its `force_flush`, too, when it has
    /// everything that ended before, and the shutdown its `shutdown`: what they fail with, the
    /// [caller is told](crate::FlushError::Exporter).
    ///
    /// ```
    /// use traced::opentelemetry_sdk::trace::InMemorySpanExporter;
    ///
    /// let exporter = InMemorySpanExporter::default();
    /// let builder = traced::Telemetry::builder().span_exporter(exporter.clone());
    /// ```
    pub fn span_exporter(mut self, exporter: impl SpanExporter + 'static) -> Self {
        self.exporters.push(GivenExporter::new(exporter));
        self
    }

    /// Sends the metrics to `exporter`, instead of what the environment names. Called again, to that one too.
    ///
    /// It is called on a thread of its own, once a minute or as OTEL_METRIC_EXPORT_INTERVAL says.
    ///
    /// ```
    /// use traced::opentelemetry_sdk::metrics::InMemoryMetricExporter;
    ///
    /// let exporter = InMemoryMetricExporter::default();
    /// let builder = traced::Telemetry::builder().metric_exporter(exporter.clone());
    /// ```
    #[cfg(feature = "metrics")]
    pub fn metric_exporter(mut self, exporter: impl opentelemetry_sdk::metrics::exporter::PushMetricExporter) -> Self {
        self.metrics.exporter(exporter);
        self
    }

    /// Shows and exports the log records of `tracing` and `log`, with the ids of their spans: see [`logs`](crate::logs).
    #[cfg(feature = "logs")]
    pub fn logs(mut self, logs: crate::logs::Logs) -> Self {
        self.logs = Some(logs);
        self
    }

    /// Keeps the metrics for Prometheus, too, besides what the environment names: [`Telemetry::prometheus`].
    #[cfg(feature = "prometheus")]
    pub fn prometheus(mut self) -> Self {
        self.metrics.prometheus = true;
        self
    }

    /// How OTLP is spoken, by every signal, instead of what OTEL_EXPORTER_OTLP_PROTOCOL and its variants for each signal
    /// say. Where it goes is still theirs to say: OTEL_EXPORTER_OTLP_ENDPOINT and its kin.
    ///
    /// ```
    /// let builder = traced::Telemetry::builder().otlp_protocol(traced::OtlpProtocol::Http);
    /// ```
    #[cfg(feature = "otlp")]
    pub fn otlp_protocol(mut self, protocol: crate::OtlpProtocol) -> Self {
        self.otlp_protocol = Some(protocol);
        self
    }

    /// Records through a provider that the application has already, with its sampler, resource, limits and exporters.
    ///
    /// The OpenTelemetry globals are left alone. [`flush`](Telemetry::flush) and [`shutdown`](Telemetry::shutdown) do the
    /// same with it; where the [`Telemetry`] is dropped instead it is flushed, and goes on. What this library writes to its
    /// spans is [redacted](TelemetryBuilder::redact) and cut to length as elsewhere; how many attributes, events and links a
    /// span may have is the provider's own affair.
    pub fn tracer_provider(mut self, provider: SdkTracerProvider) -> Self {
        self.provider = Some(provider);
        self
    }

    /// Draws each trace on stderr when neither code nor the environment names an exporter or endpoint: for programs
    /// that a newcomer starts as they are.
    pub fn console_when_unconfigured(mut self) -> Self {
        self.console_when_unconfigured = true;
        self
    }

    /// Makes an invalid environment variable a [`SetupError`], instead of a [`Warning`] after which it is as if unset.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Which functions record, by level and place, instead of what the variable TRACED says. It can be changed while the
    /// program runs: [`Telemetry::set_filter`].
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Limits how many attributes, events and links a span may have, instead of OTEL_SPAN_*_LIMIT and its kin.
    pub fn span_limits(mut self, limits: SpanLimits) -> Self {
        self.span_limits = Some(limits);
        self
    }

    /// Cuts string values after so many characters, instead of OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT. How many elements an
    /// array has is bounded by memory as before: 64 KiB, and as much as one such string takes.
    pub fn attribute_value_length_limit(mut self, characters: usize) -> Self {
        self.value_length = Some(characters);
        self
    }

    /// Shows every string of a span's, event's or link's attributes, and each status description (under the key
    /// `otel.status_description`), to `redact` before it is recorded: key and value. What it returns stands in the value's
    /// place; `None` leaves it.
    ///
    /// It is called on the thread that records, while the attribute is written: it should be quick, and must not write to
    /// spans itself. Of spans that go [through the application's own provider](TelemetryBuilder::tracer_provider) it sees
    /// what annotations and this library's macros write; what other code sets through OpenTelemetry's own API goes to that
    /// provider directly, and is a matter for its span processors. It does not see log records of `tracing` and `log`;
    /// exceptions that are [log records](crate::logs#exceptions) it does.
    ///
    /// ```
    /// let builder = traced::Telemetry::builder()
    ///     .redact(|key, value| (key == "user.email" || value.contains('@')).then(|| "REDACTED".to_owned()));
    /// ```
    pub fn redact(mut self, redact: impl Fn(&str, &str) -> Option<String> + Send + Sync + 'static) -> Self {
        self.redactor = Some(Redactor(Box::new(redact)));
        self
    }

    /// Limits how many bytes of memory ended spans may take while they wait for export; by default 64 MiB. Spans that end
    /// beyond that are dropped and [counted](crate::Health).
    pub fn max_queue_bytes(mut self, bytes: usize) -> Self {
        self.max_queue_bytes = Some(bytes);
        self
    }

    /// How long a flush, a shutdown or a drop may wait for the exporter, at most a day; by default 4 seconds, or
    /// `OTEL_BSP_EXPORT_TIMEOUT` if that is shorter.
    pub fn flush_timeout(mut self, timeout: Duration) -> Self {
        self.flush_timeout = Some(timeout.min(LONGEST_FLUSH));
        self
    }

    /// Takes the warnings that otherwise go to stderr. It is called on the installing thread and on the exporter's.
    pub fn on_warning(mut self, report: impl Fn(&Warning) + Send + Sync + 'static) -> Self {
        self.reporter = Reporter::new(report);
        self
    }

    /// Looks variables up in `lookup` instead of the process's environment: for tests, and for programs that give
    /// variables other names or defaults.
    ///
    /// ```
    /// let builder = traced::Telemetry::builder().environment(|name| match name {
    ///     "OTEL_SERVICE_NAME" => Some("bookstore-api".to_owned()),
    ///     _ => std::env::var(name).ok(),
    /// });
    /// ```
    pub fn environment(mut self, lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        self.environment = Environment::new(lookup);
        self
    }

    /// Sets everything up and makes it the program's: every traced function records from now on, and so do the
    /// OpenTelemetry globals (tracer provider and propagator).
    ///
    /// Keep what it returns until the program ends: dropping it delivers what is left.
    ///
    /// # Errors
    ///
    /// If another [`Telemetry`] lives, or an exporter can't be built; in [strict](TelemetryBuilder::strict) mode also if
    /// an environment variable is invalid.
    ///
    /// ```
    /// use traced::opentelemetry_sdk::trace::InMemorySpanExporter;
    ///
    /// #[traced::traced]
    /// fn work() {}
    ///
    /// let exporter = InMemorySpanExporter::default();
    /// let telemetry = traced::Telemetry::builder()
    ///     .service_name("bookstore-api")
    ///     .span_exporter(exporter.clone())
    ///     .install()?;
    /// work();
    /// telemetry.flush()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn install(
        #[cfg_attr(not(any(feature = "metrics", feature = "logs")), allow(unused_mut))] mut self,
    ) -> Result<Telemetry, SetupError> {
        let claim = Claim::take().ok_or(SetupError::AlreadyInstalled)?;
        let environment = self.environment.clone();
        let mut reader = Reader::new(&environment);
        #[cfg(feature = "otlp")]
        {
            reader.otlp_protocol = self.otlp_protocol;
        }
        let (strict, reporter) = (self.strict, self.reporter.clone());
        let filter = self.filter.clone().or_else(|| {
            reader.parse(&["TRACED"], |_, value| value.parse::<Filter>().map_err(|error| error.to_string()))
        });
        #[cfg(feature = "metrics")]
        let metrics = self.plan_metrics(&mut reader);
        #[cfg(feature = "logs")]
        let logs = self.plan_logs(&mut reader);
        #[cfg(not(feature = "logs"))]
        no_exceptions_as_logs(&mut reader);
        let plan = Plan::new(self, &mut reader);
        let invalid = reader.into_invalid();
        if strict && !invalid.is_empty() {
            return Err(SetupError::InvalidEnvironment(invalid));
        }
        for variable in invalid {
            reporter.warn(&Warning::InvalidVariable(variable));
        }
        let parts = plan.build()?;
        #[cfg(feature = "metrics")]
        let metrics = metrics.map(|plan| plan.build(&reporter)).transpose()?.flatten();
        filter::set(filter);
        let telemetry = Telemetry::start(parts, claim)?;
        #[cfg(feature = "metrics")]
        let telemetry = telemetry.with_metrics(metrics);
        #[cfg(feature = "logs")]
        let telemetry = telemetry.with_logs(logs.map(|plan| plan.install(&reporter)).transpose()?);
        #[cfg(feature = "warp")]
        super::wrong_use::report_to(telemetry.pipeline.is_some().then_some(reporter));
        Ok(telemetry)
    }

    /// None unless they were asked for. With a disabled SDK they are shown and not exported.
    #[cfg(feature = "logs")]
    fn plan_logs(&mut self, reader: &mut Reader<'_>) -> Option<crate::logs::Plan> {
        let Some(logs) = self.logs.take() else {
            crate::logs::exceptions::OptIn::read(reader, false);
            return None;
        };
        let resource = super::resource::resource(reader, self.resource.clone());
        let plan = crate::logs::Plan::read(logs, resource, reader);
        Some(if reader.boolean("OTEL_SDK_DISABLED") { plan.unexported() } else { plan })
    }

    /// None when the SDK is disabled.
    #[cfg(feature = "metrics")]
    fn plan_metrics(&mut self, reader: &mut Reader<'_>) -> Option<crate::metrics::Plan> {
        let given = std::mem::take(&mut self.metrics);
        let resource = super::resource::resource(reader, self.resource.clone());
        let plan = crate::metrics::Plan::read(given, resource, reader);
        (!reader.boolean("OTEL_SDK_DISABLED")).then_some(plan)
    }
}

/// Says that exceptions can't be log records here.
#[cfg(not(feature = "logs"))]
fn no_exceptions_as_logs(reader: &mut Reader<'_>) {
    let variable = "OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN";
    if let Some(value) = reader.get(variable) {
        let remedy = "this program was built without the feature `logs` of the crate `traced`, so exceptions stay events of \
                      spans: enable it";
        reader.invalid(variable, &value, remedy);
    }
}

impl fmt::Debug for TelemetryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelemetryBuilder")
            .field("resource", &self.resource)
            .field("sampling", &self.sampling)
            .field("strict", &self.strict)
            .field("flush_timeout", &self.flush_timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(feature = "logs")))]
mod tests {
    use super::super::environment::tests::environment;
    use super::*;

    #[test]
    fn exceptions_as_log_records_need_the_feature() {
        let environment = environment(&[("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN", "logs")]);
        let mut reader = Reader::new(&environment);
        no_exceptions_as_logs(&mut reader);
        let invalid = reader.into_invalid();
        assert!(invalid.len() == 1 && invalid[0].to_string().contains("the feature `logs`"), "{invalid:?}");
    }
}
