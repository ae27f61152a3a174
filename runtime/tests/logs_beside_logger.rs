//! A program that has a logger of `log` already, and no `tracing` subscriber.

#[path = "logs/lines.rs"]
mod lines;

use std::sync::{Arc, Mutex};

use lines::Lines;
use traced::Telemetry;
use traced::logs::Logs;

/// The program's own logger.
struct Own(Mutex<Vec<String>>);

impl log::Log for Own {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().unwrap().push(record.args().to_string());
    }

    fn flush(&self) {}
}

static OWN: Own = Own(Mutex::new(Vec::new()));

#[test]
fn it_keeps_its_records_and_one_warning_says_so() {
    log::set_logger(&OWN).unwrap();
    log::set_max_level(log::LevelFilter::Info);
    let (lines, warnings) = (Lines::default(), Arc::<Mutex<Vec<String>>>::default());
    for _ in 0..2 {
        let heard = Arc::clone(&warnings);
        let telemetry = Telemetry::builder()
            .environment(|_| None)
            .span_exporter(traced::opentelemetry_sdk::trace::InMemorySpanExporter::default())
            .logs(Logs::text().writer(lines.clone()))
            .on_warning(move |warning| heard.lock().unwrap().push(warning.to_string()))
            .install()
            .unwrap();
        log::info!("by log");
        tracing::info!("by tracing");
        telemetry.shutdown().unwrap();
    }
    assert_eq!(OWN.0.lock().unwrap().iter().filter(|text| *text == "by log").count(), 2, "nothing is lost");
    let text = lines.take();
    assert!(text.contains("by tracing") && !text.contains("by log"), "{text}");
    let warnings = warnings.lock().unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("a logger of the crate `log` is set already"), "{warnings:?}");
}
