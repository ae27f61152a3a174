//! What records can be chosen by level and place, also while the program runs. One test: the filter is the process's.

use traced::opentelemetry_sdk::trace::InMemorySpanExporter;
use traced::{Telemetry, span, traced};

mod books {
    #[traced::traced]
    pub(super) fn create() {
        detail();
        super::leaf();
    }

    #[traced::traced(level = debug)]
    fn detail() {}
}

#[traced(level = error)]
fn leaf() {}

fn names(telemetry: &Telemetry, exporter: &InMemorySpanExporter) -> Vec<String> {
    exporter.reset();
    {
        let _outer = span!("outer");
        books::create();
    }
    telemetry.flush().unwrap();
    exporter.get_finished_spans().unwrap().into_iter().map(|span| span.name.into_owned()).collect()
}

#[test]
fn functions_are_switched_on_and_off_while_running() {
    let exporter = InMemorySpanExporter::default();
    let telemetry = Telemetry::builder()
        .environment(|name| (name == "TRACED").then(|| "info".to_owned()))
        .span_exporter(exporter.clone())
        .install()
        .unwrap();
    assert_eq!(names(&telemetry, &exporter), ["leaf", "create", "outer"]);
    telemetry.set_filter("trace").unwrap();
    assert_eq!(names(&telemetry, &exporter), ["detail", "leaf", "create", "outer"]);
    telemetry.set_filter("filter::books=off").unwrap();
    assert_eq!(names(&telemetry, &exporter), ["leaf", "outer"], "children nest under the nearest that records");
    let spans = exporter.get_finished_spans().unwrap();
    assert_eq!(spans[0].parent_span_id, spans[1].span_context.span_id());
    telemetry.set_filter("filter::books::detail=off").unwrap();
    assert_eq!(names(&telemetry, &exporter), ["leaf", "create", "outer"]);
    telemetry.set_filter("error").unwrap();
    assert_eq!(names(&telemetry, &exporter), ["leaf"]);
    telemetry.set_filter("loud").unwrap_err();
    assert_eq!(names(&telemetry, &exporter), ["leaf"], "a directive that is not understood changes nothing");
    telemetry.set_filter("off").unwrap();
    assert!(names(&telemetry, &exporter).is_empty());
}
