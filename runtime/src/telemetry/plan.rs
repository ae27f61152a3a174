//! What is to be set up, once code and environment are read.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::global;
use opentelemetry::propagation::TextMapCompositePropagator;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanExporter, TracerProviderBuilder};

use super::Parts;
use super::builder::TelemetryBuilder;
use super::environment::Reader;
use super::error::SetupError;
use super::exporters::{Choice, choices};
use super::health::Stats;
use super::limits::{Batching, Limits};
use super::propagators::propagator;
use super::report::Reporter;
use super::resource::resource;
use super::sampling::Sampling;
use crate::export::{Closing, ConsoleExporter, Watch, WatchedProcessor};
use crate::recorder::Pipeline;

/// Drawn so soon that it is seen next to the request that it shows.
const CONSOLE_DELAY: Duration = Duration::from_millis(100);

type Watched = (WatchedProcessor, Arc<Stats>);

/// An exporter that was given in code, whose type is known only to the function that makes its processor.
pub(super) struct GivenExporter(Box<dyn FnOnce(Watch) -> Watched + Send>);

impl GivenExporter {
    pub(super) fn new(exporter: impl SpanExporter + 'static) -> Self {
        Self(Box::new(|mut watch| {
            if (&exporter as &dyn Any).is::<ConsoleExporter>() {
                watch.batching.delay = CONSOLE_DELAY;
            }
            WatchedProcessor::new(exporter, watch, Arc::default())
        }))
    }
}

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
    Provider(SdkTracerProvider),
    Own(Box<Own>),
}

struct Own {
    limits: Limits,
    batching: Batching,
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
        let (reporter, flush_timeout) = (builder.reporter.clone(), builder.flush_timeout);
        let route = match builder.provider {
            _ if disabled => Route::Disabled,
            Some(provider) => Route::Provider(provider),
            None => Route::Own(Box::new(Own::new(builder, reader))),
        };
        Self { reporter, flush_timeout, propagator, route }
    }

    /// Builds it, and sets the propagator.
    pub(super) fn build(self) -> Result<Parts, SetupError> {
        let closing = Arc::new(Closing::default());
        let parts = Parts {
            pipeline: None,
            owned: true,
            stats: Vec::new(),
            closing: Arc::clone(&closing),
            flush_timeout: self.flush_timeout,
            destination: "traces go nowhere: OTEL_SDK_DISABLED is true".to_owned(),
        };
        let parts = match self.route {
            Route::Disabled => parts,
            Route::Provider(provider) => {
                let destination = "traces go to the application's own tracer provider".to_owned();
                Parts { pipeline: Some(Pipeline::new(provider)), owned: false, destination, ..parts }
            }
            Route::Own(own) => {
                let (pipeline, stats, destination) = own.build(self.reporter, closing)?;
                Parts { pipeline: Some(pipeline), stats, destination, ..parts }
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
        Self {
            limits,
            batching: Batching::from_environment(reader),
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
        let Self { limits, batching, sampling, resource, given, chosen } = self;
        let watch = Watch { destination: String::new(), reporter, value_length: limits.value_length, batching };
        let mut routes = Routes { watch, closing, processors: Vec::new(), destinations: Vec::new() };
        for exporter in given {
            let watch = routes.watch("an exporter that was given in code", "");
            routes.processors.push((exporter.0)(watch));
        }
        for chosen in chosen {
            routes.choose(chosen)?;
        }
        let destination = routes.describe();
        let Sampling { sampler, sees_attributes, parent_based } = sampling;
        let builder =
            SdkTracerProvider::builder().with_resource(resource).with_sampler(sampler).with_span_limits(limits.counts);
        let (provider, stats) = routes.build(builder);
        let pipeline = Pipeline::new(provider)
            .with_sampler_that_sees_attributes(sees_attributes)
            .with_parent_based_sampler(parent_based);
        Ok((pipeline, stats, destination))
    }
}

/// The exporters of an own provider, as they are added.
struct Routes {
    watch: Watch,
    #[cfg_attr(not(feature = "otlp"), allow(dead_code))]
    closing: Arc<Closing>,
    processors: Vec<Watched>,
    destinations: Vec<String>,
}

impl Routes {
    fn choose(&mut self, chosen: Chosen) -> Result<(), SetupError> {
        let processor = match chosen {
            Chosen::Console => {
                let mut watch = self.watch("this terminal", " (stderr), drawn as they end");
                watch.batching.delay = CONSOLE_DELAY;
                WatchedProcessor::new(ConsoleExporter::new(), watch, Arc::default())
            }
            #[cfg(feature = "otlp")]
            Chosen::Otlp(mut settings) => {
                settings.timeout = settings.timeout.min(self.watch.batching.export_timeout);
                let destination = settings.destination();
                let details = Arc::default();
                let exporter =
                    crate::export::otlp::exporter(*settings, Arc::clone(&self.closing), Arc::clone(&details))
                        .map_err(|reason| SetupError::Exporter { destination: destination.clone(), reason })?;
                WatchedProcessor::new(exporter, self.watch(&destination, " (OTLP over HTTP)"), details)
            }
        };
        self.processors.push(processor);
        Ok(())
    }

    fn watch(&mut self, destination: &str, how: &str) -> Watch {
        self.destinations.push(format!("{destination}{how}"));
        Watch { destination: destination.to_owned(), ..self.watch.clone() }
    }

    fn describe(&self) -> String {
        match self.destinations.as_slice() {
            [] if cfg!(feature = "otlp") => "traces go nowhere: OTEL_TRACES_EXPORTER is none".to_owned(),
            [] => "traces go nowhere: no exporter is given, and this program was built without the feature `otlp`"
                .to_owned(),
            destinations => format!("traces go to {}", destinations.join(" and to ")),
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
