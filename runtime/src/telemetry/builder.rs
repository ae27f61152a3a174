//! Setting up: what code says, then what the environment says.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::{Key, KeyValue, Value, global};
use opentelemetry_sdk::trace::{SdkTracerProvider, ShouldSample, SpanExporter, SpanLimits, TracerProviderBuilder};

use super::environment::{Environment, Reader};
use super::error::SetupError;
use super::exporters::{Choice, choices};
use super::health::Stats;
use super::limits::{Batching, Limits};
use super::propagators::propagator;
use super::report::{Reporter, Warning};
use super::resource::resource;
use super::sampling::Sampling;
use super::{Claim, Parts, Telemetry};
use crate::export::{Closing, ConsoleExporter, Details, Watch, WatchedProcessor};
use crate::recorder::Pipeline;

/// So that a program's end, with what else it does there, fits in five seconds.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(4);

/// Drawn so soon that it is seen next to the request that it shows.
const CONSOLE_DELAY: Duration = Duration::from_millis(100);

/// Makes the watched processor of an exporter that was given in code.
type GivenExporter = Box<dyn FnOnce(Watch) -> (WatchedProcessor, Arc<Stats>) + Send>;

/// Describes how traces are recorded and where they go: [`Telemetry::builder`].
///
/// What is not said in code is read from the standard
/// [environment](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/) by
/// [`install`](TelemetryBuilder::install).
#[must_use = "nothing is set up before `install()`"]
pub struct TelemetryBuilder {
    resource: Vec<KeyValue>,
    sampling: Option<Sampling>,
    exporters: Vec<GivenExporter>,
    provider: Option<SdkTracerProvider>,
    console_when_unconfigured: bool,
    strict: bool,
    span_limits: Option<SpanLimits>,
    value_length: Option<usize>,
    flush_timeout: Duration,
    reporter: Reporter,
    environment: Environment,
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
            span_limits: None,
            value_length: None,
            flush_timeout: FLUSH_TIMEOUT,
            reporter: Reporter::stderr(),
            environment: Environment::process(),
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
    /// It is called on a thread of its own, which is in no async runtime.
    ///
    /// ```
    /// use traced::opentelemetry_sdk::trace::InMemorySpanExporter;
    ///
    /// let exporter = InMemorySpanExporter::default();
    /// let builder = traced::Telemetry::builder().span_exporter(exporter.clone());
    /// ```
    pub fn span_exporter(mut self, exporter: impl SpanExporter + 'static) -> Self {
        self.exporters.push(Box::new(|watch| WatchedProcessor::new(exporter, watch, Arc::default())));
        self
    }

    /// Records through a provider that the application has already, with its sampler, resource, limits and exporters.
    ///
    /// It stays the application's: the OpenTelemetry globals are left alone, and a shutdown flushes it but leaves it
    /// running.
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

    /// Limits how many attributes, events and links a span may have, instead of OTEL_SPAN_*_LIMIT and its kin.
    pub fn span_limits(mut self, limits: SpanLimits) -> Self {
        self.span_limits = Some(limits);
        self
    }

    /// Cuts string values after so many characters, instead of OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT.
    pub fn attribute_value_length_limit(mut self, characters: usize) -> Self {
        self.value_length = Some(characters);
        self
    }

    /// How long a flush, a shutdown or a drop may wait for the exporter; by default 4 seconds.
    pub fn flush_timeout(mut self, timeout: Duration) -> Self {
        self.flush_timeout = timeout;
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
    pub fn install(self) -> Result<Telemetry, SetupError> {
        let claim = Claim::take().ok_or(SetupError::AlreadyInstalled)?;
        let environment = self.environment.clone();
        let mut reader = Reader::new(&environment);
        let mut plan = self.plan(&mut reader);
        let invalid = reader.into_invalid();
        if plan.strict && !invalid.is_empty() {
            return Err(SetupError::InvalidEnvironment(invalid));
        }
        for variable in invalid {
            plan.reporter.warn(&Warning::InvalidVariable(variable));
        }
        if let Some(propagator) = plan.propagator.take() {
            global::set_text_map_propagator(propagator);
        }
        let parts = plan.build()?;
        Telemetry::start(parts, claim)
    }

    /// Reads everything that is needed, so that every invalid variable is found at once.
    fn plan(self, reader: &mut Reader<'_>) -> Plan {
        let disabled = reader.boolean("OTEL_SDK_DISABLED");
        let given = self.provider.is_some();
        let propagator = (!given).then(|| propagator(reader));
        let mut plan = Plan {
            resource: self.resource,
            strict: self.strict,
            reporter: self.reporter,
            flush_timeout: self.flush_timeout,
            propagator,
            route: Route::Disabled,
        };
        plan.route = match self.provider {
            _ if disabled => Route::Disabled,
            Some(provider) => Route::Provider(provider),
            None => {
                let mut limits = Limits::from_environment(reader);
                limits.counts = self.span_limits.unwrap_or(limits.counts);
                limits.value_length = self.value_length.or(limits.value_length);
                let batching = Batching::from_environment(reader);
                let sampling = self.sampling.unwrap_or_else(|| Sampling::from_environment(reader));
                let resource = resource(reader, std::mem::take(&mut plan.resource));
                let exporters = if self.exporters.is_empty() {
                    Exporters::Chosen(from_environment(reader, self.console_when_unconfigured))
                } else {
                    Exporters::Given(self.exporters)
                };
                Route::Own(Box::new(Own { limits, batching, sampling, resource, exporters }))
            }
        };
        plan
    }
}

/// What is to be set up, with everything read.
struct Plan {
    resource: Vec<KeyValue>,
    strict: bool,
    reporter: Reporter,
    flush_timeout: Duration,
    propagator: Option<opentelemetry::propagation::TextMapCompositePropagator>,
    route: Route,
}

enum Route {
    Disabled,
    Provider(SdkTracerProvider),
    Own(Box<Own>),
}

struct Own {
    limits: Limits,
    batching: Batching,
    sampling: Sampling,
    resource: opentelemetry_sdk::Resource,
    exporters: Exporters,
}

enum Exporters {
    Given(Vec<GivenExporter>),
    Chosen(Vec<Chosen>),
}

enum Chosen {
    Console,
    #[cfg(feature = "otlp")]
    Otlp(Box<crate::export::otlp::OtlpSettings>),
}

fn from_environment(reader: &mut Reader<'_>, console_when_unconfigured: bool) -> Vec<Chosen> {
    let choices = choices(reader, console_when_unconfigured);
    let chosen = choices.into_iter().filter_map(|choice| match choice {
        Choice::Console => Some(Chosen::Console),
        #[cfg(feature = "otlp")]
        Choice::Otlp => Some(Chosen::Otlp(Box::new(crate::export::otlp::OtlpSettings::from_environment(reader)))),
        #[cfg(not(feature = "otlp"))]
        Choice::Otlp => None,
    });
    chosen.collect()
}

impl Plan {
    fn build(self) -> Result<Parts, SetupError> {
        let closing = Arc::new(Closing::default());
        let parts = Parts {
            pipeline: None,
            owned: true,
            stats: Vec::new(),
            closing: Arc::clone(&closing),
            flush_timeout: self.flush_timeout,
            destination: "traces go nowhere: OTEL_SDK_DISABLED is true".to_owned(),
        };
        match self.route {
            Route::Disabled => Ok(parts),
            Route::Provider(provider) => {
                let destination = "traces go to the application's own tracer provider".to_owned();
                Ok(Parts { pipeline: Some(Pipeline::new(provider)), owned: false, destination, ..parts })
            }
            Route::Own(own) => {
                let Own { limits, batching, sampling, resource, exporters } = *own;
                let watch = Watch {
                    destination: String::new(),
                    reporter: self.reporter,
                    value_length: limits.value_length,
                    batching,
                };
                let mut routes = Routes { watch, closing, processors: Vec::new(), destinations: Vec::new() };
                routes.add(exporters)?;
                let Sampling { sampler, sees_attributes, parent_based } = sampling;
                let builder = SdkTracerProvider::builder()
                    .with_resource(resource)
                    .with_sampler(sampler)
                    .with_span_limits(limits.counts);
                let destination = routes.describe();
                let (provider, stats) = routes.build(builder);
                let pipeline = Pipeline::new(provider)
                    .with_sampler_that_sees_attributes(sees_attributes)
                    .with_parent_based_sampler(parent_based);
                Ok(Parts { pipeline: Some(pipeline), stats, destination, ..parts })
            }
        }
    }
}

/// The exporters of an own provider, as they are added.
struct Routes {
    watch: Watch,
    closing: Arc<Closing>,
    processors: Vec<(WatchedProcessor, Arc<Stats>)>,
    destinations: Vec<String>,
}

impl Routes {
    fn add(&mut self, exporters: Exporters) -> Result<(), SetupError> {
        match exporters {
            Exporters::Given(exporters) => {
                for exporter in exporters {
                    let watch = self.watch("an exporter that was given in code");
                    self.processors.push(exporter(watch));
                }
            }
            Exporters::Chosen(chosen) => {
                for chosen in chosen {
                    self.choose(chosen)?;
                }
            }
        }
        Ok(())
    }

    fn choose(&mut self, chosen: Chosen) -> Result<(), SetupError> {
        match chosen {
            Chosen::Console => {
                let mut watch = self.watch("this terminal (stderr), drawn as they end");
                watch.batching.delay = CONSOLE_DELAY;
                self.processors.push(WatchedProcessor::new(ConsoleExporter::new(), watch, Arc::default()));
            }
            #[cfg(feature = "otlp")]
            Chosen::Otlp(mut settings) => {
                settings.timeout = settings.timeout.min(self.watch.batching.export_timeout);
                let destination = settings.destination();
                let details = Arc::<Details>::default();
                let exporter =
                    crate::export::otlp::exporter(*settings, Arc::clone(&self.closing), Arc::clone(&details));
                let exporter =
                    exporter.map_err(|reason| SetupError::Exporter { destination: destination.clone(), reason })?;
                let mut watch = self.watch(&format!("{destination} (OTLP over HTTP)"));
                watch.destination = destination;
                self.processors.push(WatchedProcessor::new(exporter, watch, details));
            }
        }
        Ok(())
    }

    fn watch(&mut self, destination: &str) -> Watch {
        self.destinations.push(destination.to_owned());
        Watch { destination: destination.to_owned(), ..self.watch.clone() }
    }

    fn describe(&self) -> String {
        if self.destinations.is_empty() {
            "traces go nowhere: no exporter is configured (OTEL_TRACES_EXPORTER)".to_owned()
        } else {
            format!("traces go to {}", self.destinations.join(" and to "))
        }
    }

    fn build(self, mut builder: TracerProviderBuilder) -> (SdkTracerProvider, Vec<Arc<Stats>>) {
        let mut all = Vec::new();
        for (processor, stats) in self.processors {
            builder = builder.with_span_processor(processor);
            all.push(stats);
        }
        (builder.build(), all)
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
