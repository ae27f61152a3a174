//! A program that has a `tracing` subscriber already.

use std::sync::{Arc, Mutex};

use traced::logs::Logs;
use traced::{SetupError, Telemetry};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// Counts the records that it is given.
#[derive(Clone, Default)]
struct Counted(Arc<Mutex<usize>>);

impl<S: tracing::Subscriber> Layer<S> for Counted {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        *self.0.lock().unwrap() += usize::from(event.metadata().target() == "logs_beside");
    }
}

fn builder() -> traced::TelemetryBuilder {
    Telemetry::builder()
        .environment(|_| None)
        .span_exporter(traced::opentelemetry_sdk::trace::InMemorySpanExporter::default())
}

#[test]
fn a_subscriber_that_is_set_already_is_an_error_with_the_remedy_and_keeps_its_records() {
    let counted = Counted::default();
    let subscriber = tracing_subscriber::registry().with(counted.clone());
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let error = builder().logs(Logs::text()).install().unwrap_err();
    assert!(matches!(error, SetupError::Logs(_)), "{error:?}");
    assert!(
        error.to_string().contains("a tracing subscriber is set already: add traced::logs::layer() to it"),
        "{error}"
    );
    tracing::info!("to the program's own");
    assert_eq!(*counted.0.lock().unwrap(), 1);
    // Nothing of the failed installation is left: one without log records works.
    let telemetry = builder().install().unwrap();
    telemetry.shutdown().unwrap();
}
