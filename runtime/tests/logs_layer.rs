//! A program whose own `tracing` subscriber has the layer of `traced` beside its others.

#[path = "logs/lines.rs"]
mod lines;

use std::sync::{Arc, Mutex};

use lines::Lines;
use traced::Telemetry;
use traced::logs::Logs;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// Counts what it is given of this program: spans and records.
#[derive(Clone, Default)]
struct Counted(Arc<Mutex<[usize; 2]>>);

impl<S: tracing::Subscriber> Layer<S> for Counted {
    fn on_new_span(&self, span: &tracing::span::Attributes<'_>, _: &tracing::Id, _: Context<'_, S>) {
        self.0.lock().unwrap()[0] += usize::from(span.metadata().target() == "logs_layer");
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        self.0.lock().unwrap()[1] += usize::from(event.metadata().target() == "logs_layer");
    }
}

#[traced::traced]
fn work() -> String {
    tracing::info!("in a span");
    tracing::debug!("for the others alone");
    log::warn!("by log");
    traced::current().trace_id().to_string()
}

#[test]
fn records_go_to_both_and_the_other_layers_keep_their_spans_and_levels() {
    let (counted, lines) = (Counted::default(), Lines::default());
    let own = tracing_subscriber::registry().with(counted.clone()).with(traced::logs::layer());
    tracing::subscriber::set_global_default(own).unwrap();
    tracing_log::LogTracer::init().unwrap();
    for _ in 0..2 {
        let telemetry = Telemetry::builder()
            .environment(|name| (name == "RUST_LOG").then(|| "logs_layer=info".to_owned()))
            .span_exporter(traced::opentelemetry_sdk::trace::InMemorySpanExporter::default())
            .logs(Logs::text().writer(lines.clone()))
            .on_warning(|warning| panic!("{warning}"))
            .install()
            .unwrap();
        let id = tracing::info_span!("theirs").in_scope(work);
        telemetry.shutdown().unwrap();
        let text = lines.take();
        let expected =
            [format!("INFO logs_layer: in a span trace_id={id}"), format!("WARN logs_layer: by log trace_id={id}")];
        assert!(expected.iter().all(|line| text.contains(line.as_str())) && text.lines().count() == 2, "{text}");
    }
    assert_eq!(*counted.0.lock().unwrap(), [2, 4], "those of `log` have a target of their own there");
}
