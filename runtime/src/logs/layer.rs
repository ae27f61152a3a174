//! The program's one `tracing` subscriber, which hands each record to the telemetry that is installed.

use std::fmt;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use super::{Format, Writer, line};
use crate::Warning;
use crate::telemetry::Reporter;

/// What says how an export goes: sent by OTLP, it would cause another one.
const OF_THE_EXPORTER: [&str; 9] =
    ["opentelemetry", "hyper", "reqwest", "h2", "tonic", "tower", "rustls", "want", "mio"];

/// Where records go.
pub(super) struct Outlets {
    pub(super) filter: Targets,
    pub(super) terminal: Option<(Format, Writer)>,
    pub(super) bridge: RwLock<Option<OpenTelemetryTracingBridge<SdkLoggerProvider, SdkLogger>>>,
}

impl Outlets {
    /// Writes what `line` makes to the terminal, if records are shown there.
    pub(super) fn write(&self, line: impl FnOnce(Format) -> String) {
        if let Some((format, writer)) = &self.terminal {
            let text = line(*format);
            // A closed terminal is no reason to fail.
            let _ = writer.lock().unwrap_or_else(PoisonError::into_inner).write_all(text.as_bytes());
        }
    }

    /// Shows and exports a record.
    fn take<S>(&self, metadata: &Metadata<'_>, event: &Event<'_>, context: Context<'_, S>)
    where
        S: Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    {
        self.write(|format| line::of(format, metadata, event));
        if !OF_THE_EXPORTER.iter().any(|name| metadata.target().starts_with(name))
            && let Some(bridge) = &*self.bridge.read().unwrap_or_else(PoisonError::into_inner)
        {
            bridge.on_event(event, context);
        }
    }
}

static INSTALLED: RwLock<Option<Arc<Outlets>>> = RwLock::new(None);

fn installed() -> Option<Arc<Outlets>> {
    INSTALLED.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Sends every record to `outlets`; an error says why that can't be.
pub(super) fn install(outlets: Arc<Outlets>, reporter: &Reporter) -> Result<(), String> {
    // Once it is beside others, those who put it there have set up `tracing` and `log`.
    if !BESIDE.load(Ordering::Acquire) {
        set(reporter)?;
    }
    *INSTALLED.write().unwrap_or_else(PoisonError::into_inner) = Some(outlets);
    // The filter may have changed.
    tracing::callsite::rebuild_interest_cache();
    Ok(())
}

/// Makes it the program's subscriber, once.
fn set(reporter: &Reporter) -> Result<(), String> {
    static SET: OnceLock<Result<(), String>> = OnceLock::new();
    let set = || {
        tracing::subscriber::set_global_default(Registry::default().with(Records)).map_err(|_| {
            "a tracing subscriber is set already: add traced::logs::layer() to it, or leave logs(..) out".to_owned()
        })?;
        if tracing_log::LogTracer::init().is_err() {
            reporter.warn(&Warning::LoggerAlreadySet);
        }
        Ok(())
    };
    SET.get_or_init(set).clone()
}

/// Whether a subscriber of the program's own has the layer.
static BESIDE: AtomicBool = AtomicBool::new(false);

/// A layer for a `tracing` subscriber of the program's own, which takes records to where
/// [`logs(..)`](crate::TelemetryBuilder::logs) has them go.
///
/// Set that subscriber before the telemetry is installed. RUST_LOG filters what the layer takes and nothing else of the subscriber;
/// who also wants the records of `log` sets up `tracing_log`, as `tracing_subscriber`'s `init()` does.
///
/// ```
/// use traced::logs::Logs;
/// use tracing_subscriber::layer::SubscriberExt as _;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let own = tracing_subscriber::registry().with(traced::logs::layer()); // .with(what else there is)
/// tracing::subscriber::set_global_default(own)?;
/// let telemetry = traced::Telemetry::builder()
///     .logs(Logs::silent()) // they are exported, and shown by the program's own layer
///     # .environment(|name| name.ends_with("S_EXPORTER").then(|| "none".to_owned()))
///     .install()?;
/// # Ok(())
/// # }
/// ```
pub fn layer<S>() -> impl Layer<S> + Send + Sync + 'static
where
    S: Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    Beside
}

/// The layer of others' subscribers. It says nothing of what is enabled: that would be said for their other layers, too.
struct Beside;

impl<S: Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>> Layer<S> for Beside {
    fn on_register_dispatch(&self, _: &tracing::Dispatch) {
        BESIDE.store(true, Ordering::Release);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(outlets) = installed() else { return };
        let normalized = event.normalized_metadata();
        let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());
        if outlets.filter.would_enable(metadata.target(), metadata.level()) {
            outlets.take(metadata, event, context);
        }
    }
}

struct Records;

impl<S: Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>> Layer<S> for Records {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // Spans of `tracing` are none of its business.
        if metadata.is_event() { Interest::sometimes() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        !metadata.is_span()
            && installed().is_some_and(|outlets| outlets.filter.would_enable(metadata.target(), metadata.level()))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(outlets) = installed() else { return };
        let normalized = event.normalized_metadata();
        let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());
        outlets.take(metadata, event, context);
    }
}

impl fmt::Debug for Outlets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlets").field("filter", &self.filter).finish_non_exhaustive()
    }
}
