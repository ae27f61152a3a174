//! Setting up: what code says, then what the environment says.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::{Key, KeyValue, Value, global};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, ShouldSample, SpanExporter, SpanLimits};

use super::environment::{Environment, Reader};
use super::error::SetupError;
use super::exporters::{Choice, choices};
use super::health::Stats;
use super::limits::{Limits, schedule};
use super::propagators::propagator;
use super::report::{Reporter, Warning};
use super::resource::resource;
use super::sampling::Sampling;
use super::{Claim, Parts, Telemetry};
use crate::export::{Carrier, Closing, ConsoleExporter, Exporter, Watch, Watched};
use crate::recorder::{Outlet, Pipeline, RecorderConfig, Schedule};

/// So that a program's end, with what else it does there, fits in five seconds.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(4);

/// Drawn so soon that it is seen next to the request that it shows.
const CONSOLE_DELAY: Duration = Duration::from_millis(100);

/// A way out, and what becomes of the spans that take it.
type Way = (Box<dyn Outlet>, Arc<Stats>);

/// Makes a way out of an exporter that was given in code.
type GivenExporter = Box<dyn FnOnce(Watch, &Resource) -> Way + Send>;

fn way(carrier: impl Carrier + 'static, watch: Watch) -> Way {
    let (watched, stats) = Watched::new(carrier, watch);
    (Box::new(watched), stats)
}

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
    max_queue_bytes: Option<usize>,
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
            max_queue_bytes: None,
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
        self.exporters.push(Box::new(|watch, resource| way(Exporter::new(exporter, resource), watch)));
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

    /// Limits how many bytes of memory ended spans may take while they wait for export; by default 64 MiB. Spans that end
    /// beyond that are dropped and [counted](crate::Health).
    pub fn max_queue_bytes(mut self, bytes: usize) -> Self {
        self.max_queue_bytes = Some(bytes);
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
                let mut schedule = schedule(reader);
                schedule.max_queue_bytes = self.max_queue_bytes.unwrap_or(schedule.max_queue_bytes);
                let sampling = self.sampling.unwrap_or_else(|| Sampling::from_environment(reader));
                let resource = resource(reader, std::mem::take(&mut plan.resource));
                let exporters = if self.exporters.is_empty() {
                    Exporters::Chosen(from_environment(reader, self.console_when_unconfigured))
                } else {
                    Exporters::Given(self.exporters)
                };
                Route::Own(Box::new(Own { limits, schedule, sampling, resource, exporters }))
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
    schedule: Schedule,
    sampling: Sampling,
    resource: Resource,
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
            stats: Vec::new(),
            closing: Arc::clone(&closing),
            flush_timeout: self.flush_timeout,
            destination: "traces go nowhere: OTEL_SDK_DISABLED is true".to_owned(),
        };
        match self.route {
            Route::Disabled => Ok(parts),
            Route::Provider(provider) => {
                let destination = "traces go to the application's own tracer provider".to_owned();
                Ok(Parts { pipeline: Some(Pipeline::new(provider)), destination, ..parts })
            }
            Route::Own(own) => {
                let Own { limits, schedule, sampling, resource, exporters } = *own;
                let watch = Watch { destination: String::new(), reporter: self.reporter, closing };
                let mut ways = Ways {
                    watch,
                    resource: &resource,
                    timeout: schedule.export_timeout,
                    list: Vec::new(),
                    names: Vec::new(),
                };
                ways.add(exporters)?;
                let destination = ways.describe();
                // The terminal shows what happens while it is looked at.
                let console = ways.names.iter().any(|name| name == CONSOLE);
                let delay = if console { schedule.delay.min(CONSOLE_DELAY) } else { schedule.delay };
                let (outlets, stats) = ways.list.into_iter().unzip();
                let Sampling { sampler, sees_attributes, parent_based } = sampling;
                let config = RecorderConfig {
                    resource,
                    sampler,
                    parent_based,
                    sampler_sees_attributes: sees_attributes,
                    limits: limits.counts,
                    value_length: limits.value_length,
                    redactor: None,
                    id_generator: None,
                    schedule: Schedule { delay, ..schedule },
                };
                let pipeline = Pipeline::own_with(config, outlets).map_err(|error| SetupError::Exporter {
                    destination: destination.clone(),
                    reason: format!("its thread can't be started: {error}"),
                })?;
                Ok(Parts { pipeline: Some(pipeline), stats, destination, ..parts })
            }
        }
    }
}

const CONSOLE: &str = "this terminal (stderr), drawn as they end";

/// The ways out of a pipeline of our own, as they are added.
struct Ways<'a> {
    watch: Watch,
    resource: &'a Resource,
    /// How long an export may take.
    timeout: Duration,
    list: Vec<Way>,
    names: Vec<String>,
}

impl Ways<'_> {
    fn add(&mut self, exporters: Exporters) -> Result<(), SetupError> {
        match exporters {
            Exporters::Given(exporters) => {
                for exporter in exporters {
                    let watch = self.watch("an exporter that was given in code");
                    self.list.push(exporter(watch, self.resource));
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
                let watch = self.watch(CONSOLE);
                self.list.push(way(Exporter::new(ConsoleExporter::new(), self.resource), watch));
            }
            #[cfg(feature = "otlp")]
            Chosen::Otlp(mut settings) => {
                settings.timeout = settings.timeout.min(self.timeout);
                let destination = settings.destination();
                let mut watch = self.watch(&format!("{destination} (OTLP over HTTP)"));
                let transport = crate::export::otlp::Transport::new(*settings, Arc::clone(&watch.closing));
                let transport =
                    transport.map_err(|reason| SetupError::Exporter { destination: destination.clone(), reason })?;
                watch.destination = destination;
                self.list.push(way(transport, watch));
            }
        }
        Ok(())
    }

    fn watch(&mut self, destination: &str) -> Watch {
        self.names.push(destination.to_owned());
        Watch { destination: destination.to_owned(), ..self.watch.clone() }
    }

    fn describe(&self) -> String {
        if self.names.is_empty() {
            "traces go nowhere: no exporter is configured (OTEL_TRACES_EXPORTER)".to_owned()
        } else {
            format!("traces go to {}", self.names.join(" and to "))
        }
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
