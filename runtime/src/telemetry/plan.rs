//! What is to be set up, once code and environment are read.

use std::any::{Any, type_name};
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::global;
use opentelemetry::propagation::TextMapCompositePropagator;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanExporter};

use super::Parts;
use super::builder::TelemetryBuilder;
use super::component::Component;
use super::environment::Reader;
use super::error::SetupError;
use super::exporters::{Choice, choices};
use super::limits::{Limits, schedule};
use super::propagators::propagator;
use super::report::Reporter;
use super::resource::resource;
use super::sampling::Sampling;
use super::stats::Stats;
use crate::export::{Carrier, Closing, ConsoleExporter, Exporter, Watch, Watched};
use crate::recorder::{Outlet, Pipeline, RecorderConfig, Redactor, Schedule};

/// Drawn so soon that it is seen next to the request that it shows.
const CONSOLE_DELAY: Duration = Duration::from_millis(100);

/// A way out, and what becomes of the spans that take it.
type Way = (Box<dyn Outlet>, Arc<Stats>);

fn way(carrier: impl Carrier + 'static, watch: Watch) -> Way {
    let (watched, stats) = Watched::new(carrier, watch);
    (Box::new(watched), stats)
}

/// The terminal shows what happens while it is looked at.
fn soon(watch: Watch) -> Watch {
    Watch { delay: Some(CONSOLE_DELAY), ..watch }
}

/// Makes a way out, once what is watched and the resource are known.
type MakeWay = dyn FnOnce(Watch, &Resource) -> Way + Send;

/// An exporter that was given in code, whose type is known only to the function that makes a way out of it.
pub(super) struct GivenExporter {
    make: Box<MakeWay>,
    /// The name of its type.
    kind: &'static str,
    is_console: bool,
}

impl GivenExporter {
    pub(super) fn new<E: SpanExporter + 'static>(exporter: E) -> Self {
        let is_console = (&exporter as &dyn Any).is::<ConsoleExporter>();
        Self {
            kind: type_name::<E>(),
            make: Box::new(|watch, resource| way(Exporter::new(exporter, resource), watch)),
            is_console,
        }
    }
}

/// So that a program's end, with what else it does there, fits in five seconds.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(4);

/// What is to be set up.
pub(super) struct Plan {
    reporter: Reporter,
    flush_timeout: Duration,
    /// None: that of the application's own set-up stays.
    propagator: Option<TextMapCompositePropagator>,
    route: Route,
}

enum Route {
    Disabled,
    /// The application's own, with what holds for the values that we write.
    Provider {
        provider: SdkTracerProvider,
        value_length: Option<usize>,
        redactor: Option<Redactor>,
    },
    Own(Box<Own>),
}

struct Own {
    limits: Limits,
    redactor: Option<Redactor>,
    schedule: Schedule,
    sampling: Sampling,
    resource: Resource,
    given: Vec<GivenExporter>,
    chosen: Vec<Chosen>,
}

/// An exporter that the environment asks for, with its settings.
enum Chosen {
    Console,
    #[cfg(feature = "otlp")]
    Otlp(Box<crate::export::otlp::OtlpSettings>),
}

impl Chosen {
    #[cfg_attr(not(feature = "otlp"), allow(unused_variables))]
    fn read(choice: Choice, reader: &mut Reader<'_>) -> Self {
        match choice {
            Choice::Console => Self::Console,
            #[cfg(feature = "otlp")]
            Choice::Otlp => Self::Otlp(Box::new(crate::export::otlp::OtlpSettings::from_environment(reader))),
        }
    }
}

impl Plan {
    /// Reads everything that is needed, so that every invalid variable is found at once.
    pub(super) fn new(builder: TelemetryBuilder, reader: &mut Reader<'_>) -> Self {
        let disabled = reader.boolean("OTEL_SDK_DISABLED");
        // The specification: disabling the SDK does not disable the propagators.
        let propagator = builder.provider.is_none().then(|| propagator(reader));
        let (reporter, given) = (builder.reporter.clone(), builder.flush_timeout);
        let route = match builder.provider {
            _ if disabled => Route::Disabled,
            Some(provider) => {
                let value_length = builder.value_length.or(Limits::from_environment(reader).value_length);
                Route::Provider { provider, value_length, redactor: builder.redactor }
            }
            None => Route::Own(Box::new(Own::new(builder, reader))),
        };
        let flush_timeout = given.unwrap_or(match &route {
            // What an export may take is enough for a flush.
            Route::Own(own) => own.schedule.export_timeout.min(FLUSH_TIMEOUT),
            Route::Disabled | Route::Provider { .. } => FLUSH_TIMEOUT,
        });
        Self { reporter, flush_timeout, propagator, route }
    }

    /// Builds it, and sets the propagator.
    pub(super) fn build(self) -> Result<Parts, SetupError> {
        let closing = Arc::new(Closing::default());
        let parts = Parts {
            pipeline: None,
            stats: Vec::new(),
            max_queue_size: None,
            closing: Arc::clone(&closing),
            flush_timeout: self.flush_timeout,
            destination: "traces go nowhere: OTEL_SDK_DISABLED is true".to_owned(),
        };
        let parts = match self.route {
            Route::Disabled => parts,
            Route::Provider { provider, value_length, redactor } => {
                let destination = "traces go to the application's own tracer provider".to_owned();
                Parts { pipeline: Some(Pipeline::new(provider, value_length, redactor)), destination, ..parts }
            }
            Route::Own(own) => {
                let max_queue_size = own.schedule.max_queue_size;
                let (pipeline, stats, destination) = own.build(self.reporter, closing)?;
                Parts { pipeline: Some(pipeline), stats, max_queue_size, destination, ..parts }
            }
        };
        if let Some(propagator) = self.propagator {
            global::set_text_map_propagator(propagator);
        }
        Ok(parts)
    }
}

impl Own {
    fn new(builder: TelemetryBuilder, reader: &mut Reader<'_>) -> Self {
        let mut limits = Limits::from_environment(reader);
        limits.counts = builder.span_limits.unwrap_or(limits.counts);
        limits.value_length = builder.value_length.or(limits.value_length);
        let choices =
            if builder.exporters.is_empty() { choices(reader, builder.console_when_unconfigured) } else { Vec::new() };
        let mut schedule = schedule(reader);
        schedule.max_queue_bytes = builder.max_queue_bytes.unwrap_or(schedule.max_queue_bytes);
        Self {
            limits,
            redactor: builder.redactor,
            schedule,
            sampling: builder.sampling.unwrap_or_else(|| Sampling::from_environment(reader)),
            resource: resource(reader, builder.resource),
            given: builder.exporters,
            chosen: choices.into_iter().map(|choice| Chosen::read(choice, reader)).collect(),
        }
    }

    fn build(
        self,
        reporter: Reporter,
        closing: Arc<Closing>,
    ) -> Result<(Pipeline, Vec<Arc<Stats>>, String), SetupError> {
        let Self { limits, redactor, schedule, sampling, resource, given, chosen } = self;
        let watch =
            Watch { destination: String::new(), delay: None, component: Component::default(), reporter, closing };
        let mut ways = Ways {
            watch,
            resource: &resource,
            timeout: schedule.export_timeout,
            list: Vec::new(),
            destinations: Vec::new(),
            kinds: Vec::new(),
        };
        for exporter in given {
            let watch = ways.watch(exporter.kind, ", an exporter given in code", Component::of(exporter.kind));
            let watch = if exporter.is_console { soon(watch) } else { watch };
            ways.list.push((exporter.make)(watch, ways.resource));
        }
        for chosen in chosen {
            ways.choose(chosen)?;
        }
        let destination = ways.describe();
        let (outlets, stats) = ways.list.into_iter().unzip();
        let Sampling { sampler, sees_attributes, settled } = sampling;
        let config = RecorderConfig {
            resource,
            sampler,
            settled,
            sampler_sees_attributes: sees_attributes,
            limits: limits.counts,
            value_length: limits.value_length,
            redactor,
            id_generator: None,
            schedule,
        };
        let pipeline = Pipeline::own_with(config, outlets).map_err(|error| SetupError::Exporter {
            destination: destination.clone(),
            reason: format!("its thread can't be started: {error}"),
        })?;
        Ok((pipeline, stats, destination))
    }
}

/// The ways out of a pipeline of our own, as they are added.
struct Ways<'a> {
    watch: Watch,
    resource: &'a Resource,
    /// How long an export may take.
    #[cfg_attr(not(feature = "otlp"), allow(dead_code))]
    timeout: Duration,
    list: Vec<Way>,
    destinations: Vec<String>,
    kinds: Vec<&'static str>,
}

impl Ways<'_> {
    fn choose(&mut self, chosen: Chosen) -> Result<(), SetupError> {
        let way = match chosen {
            Chosen::Console => {
                let component = Component::of(type_name::<ConsoleExporter>());
                let watch = soon(self.watch("this terminal", " (stderr), drawn as they end", component));
                way(Exporter::new(ConsoleExporter::new(), self.resource), watch)
            }
            #[cfg(feature = "otlp")]
            Chosen::Otlp(mut settings) => {
                settings.timeout = settings.timeout.min(self.timeout);
                let destination = settings.destination();
                let (kind, protocol) = (settings.protocol.span_exporter(), settings.protocol.name());
                let component = Component { server: settings.server(), ..Component::of(kind) };
                let watch = self.watch(&destination, &format!(" ({protocol})"), component);
                let transport = crate::export::otlp::Transport::new(*settings, Arc::clone(&watch.closing))
                    .map_err(|reason| SetupError::Exporter { destination, reason })?;
                way(transport, watch)
            }
        };
        self.list.push(way);
        Ok(())
    }

    fn watch(&mut self, destination: &str, how: &str, mut component: Component) -> Watch {
        component.number = self.kinds.iter().filter(|kind| **kind == component.kind).count();
        self.kinds.push(component.kind);
        self.destinations.push(format!("{destination}{how}"));
        Watch { destination: destination.to_owned(), component, ..self.watch.clone() }
    }

    fn describe(&self) -> String {
        match self.destinations.as_slice() {
            [] if cfg!(feature = "otlp") => "traces go nowhere: OTEL_TRACES_EXPORTER is none".to_owned(),
            [] => "traces go nowhere: no exporter is given, and this program was built without the feature `otlp`"
                .to_owned(),
            destinations => format!("traces go to {}", destinations.join(" and to ")),
        }
    }
}
