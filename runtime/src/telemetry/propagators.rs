//! Which headers carry the context from process to process: OTEL_PROPAGATORS.

use opentelemetry::propagation::{TextMapCompositePropagator, TextMapPropagator};

use super::environment::{Reader, list};
use crate::propagation::{B3, Baggage, Jaeger, TraceContext};

const VARIABLE: &str = "OTEL_PROPAGATORS";

/// The propagators that OTEL_PROPAGATORS names; by default W3C trace context and baggage.
pub(crate) fn propagator(reader: &mut Reader<'_>) -> TextMapCompositePropagator {
    let value = reader.get(VARIABLE);
    let mut names = list(value.as_deref().unwrap_or_default());
    if names.iter().any(|name| name == "none") {
        if names.len() > 1 {
            reader.invalid(VARIABLE, &names.join(","), "none stands alone; leave it out, or write nothing else");
        }
        return TextMapCompositePropagator::new(Vec::new());
    }
    names.retain(|name| match name.as_str() {
        "tracecontext" | "baggage" | "b3" | "b3multi" | "jaeger" => true,
        "xray" | "ottrace" => {
            reader.invalid(VARIABLE, name, "this propagator is not supported; write tracecontext,baggage");
            false
        }
        _ => {
            let remedy = "write tracecontext, baggage, b3, b3multi, jaeger (several separated by commas), or none";
            reader.invalid(VARIABLE, name, remedy);
            false
        }
    });
    // What is invalid is as if unset: the default, unless something valid stands beside it.
    let named = |name: &str| names.iter().any(|n| n == name);
    let is = |name: &str| names.is_empty() || named(name);
    let mut propagators: Vec<Box<dyn TextMapPropagator + Send + Sync>> = Vec::new();
    if is("tracecontext") {
        propagators.push(Box::new(TraceContext::new()));
    }
    if named("b3") {
        propagators.push(Box::new(B3::single()));
    }
    if named("b3multi") {
        propagators.push(Box::new(B3::multiple()));
    }
    if named("jaeger") {
        propagators.push(Box::new(Jaeger::new()));
    }
    if is("baggage") {
        propagators.push(Box::new(Baggage::new()));
    }
    TextMapCompositePropagator::new(propagators)
}

#[cfg(test)]
mod tests {
    use super::super::environment::tests::environment;
    use super::*;

    fn read(value: &'static str) -> (Vec<String>, usize) {
        let environment = environment(&[(VARIABLE, value)]);
        let mut reader = Reader::new(&environment);
        let propagator = propagator(&mut reader);
        let mut fields: Vec<String> = propagator.fields().map(str::to_owned).collect();
        fields.sort();
        (fields, reader.into_invalid().len())
    }

    #[test]
    fn the_default_is_w3c_trace_context_and_baggage() {
        let both = vec!["baggage".to_owned(), "traceparent".to_owned(), "tracestate".to_owned()];
        assert_eq!(read(""), (both.clone(), 0));
        assert_eq!(read("tracecontext,baggage,tracecontext"), (both.clone(), 0));
        assert_eq!(read("xray"), (both, 1));
    }

    #[test]
    fn each_can_be_had_alone_or_none() {
        assert_eq!(read("baggage"), (vec!["baggage".to_owned()], 0));
        assert_eq!(read("none"), (vec![], 0));
        assert_eq!(read("b3"), (vec!["b3".to_owned()], 0));
        assert_eq!(read("b3multi").0.len(), 4);
        assert_eq!(read("jaeger,b3"), (vec!["b3".to_owned(), "uber-trace-id".to_owned()], 0));
        assert_eq!(read("baggage,xray,nonsense"), (vec!["baggage".to_owned()], 2));
    }
}
