//! Which exporters the environment asks for.

use super::environment::{Reader, list};

const VARIABLE: &str = "OTEL_TRACES_EXPORTER";
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

#[cfg(not(feature = "otlp"))]
const LEFT_OUT: &str = "this program was built without the feature `otlp` of the crate `traced`: enable it, or give \
                        span_exporter(..) in code";

/// An exporter that the environment can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    #[cfg(feature = "otlp")]
    Otlp,
    Console,
}

/// The exporters that OTEL_TRACES_EXPORTER names, by default OTLP; none if it says so.
pub(crate) fn choices(reader: &mut Reader<'_>, console_when_unconfigured: bool) -> Vec<Choice> {
    let value = reader.get(VARIABLE);
    let names = list(value.as_deref().unwrap_or_default());
    let alone = names.len() == 1;
    let mut choices = Vec::new();
    let mut none = false;
    for name in names {
        match name.as_str() {
            #[cfg(feature = "otlp")]
            "otlp" => choices.push(Choice::Otlp),
            #[cfg(not(feature = "otlp"))]
            "otlp" => reader.invalid(VARIABLE, &name, LEFT_OUT),
            "console" => choices.push(Choice::Console),
            "none" if alone => none = true,
            "none" => reader.invalid(VARIABLE, "none", "none stands alone; leave it out, or write nothing else"),
            "zipkin" | "jaeger" => reader.invalid(
                VARIABLE,
                &name,
                "this exporter is not supported; write otlp, which Jaeger and the collector take",
            ),
            _ => reader.invalid(VARIABLE, &name, "write otlp, console, both (separated by a comma), or none"),
        }
    }
    if choices.is_empty() && !none {
        choices.extend(default(reader, console_when_unconfigured));
    }
    choices
}

fn default(reader: &mut Reader<'_>, console_when_unconfigured: bool) -> Option<Choice> {
    let endpoint = ENDPOINTS.into_iter().find(|name| reader.get(name).is_some());
    if console_when_unconfigured && endpoint.is_none() {
        return Some(Choice::Console);
    }
    #[cfg(feature = "otlp")]
    return Some(Choice::Otlp);
    #[cfg(not(feature = "otlp"))]
    {
        if let Some(endpoint) = endpoint {
            reader.invalid(endpoint, "(not shown)", LEFT_OUT);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::environment::tests::environment;
    use super::*;

    fn read(variables: &[(&'static str, &'static str)], console: bool) -> (Vec<Choice>, usize) {
        let environment = environment(variables);
        let mut reader = Reader::new(&environment);
        let choices = choices(&mut reader, console);
        (choices, reader.into_invalid().len())
    }

    #[test]
    fn none_and_the_console_can_be_asked_for() {
        assert_eq!(read(&[(VARIABLE, "none")], true), (vec![], 0));
        assert_eq!(read(&[(VARIABLE, "console")], false), (vec![Choice::Console], 0));
        assert_eq!(read(&[(VARIABLE, "console,none")], false), (vec![Choice::Console], 1));
    }

    #[test]
    fn the_console_is_for_who_names_nothing() {
        assert_eq!(read(&[], true), (vec![Choice::Console], 0));
        assert_eq!(read(&[(ENDPOINTS[0], ""), (VARIABLE, " ")], true), (vec![Choice::Console], 0));
    }

    #[cfg(feature = "otlp")]
    #[test]
    fn otlp_is_the_default_and_lists_are_read() {
        assert_eq!(read(&[], false), (vec![Choice::Otlp], 0));
        assert_eq!(read(&[(ENDPOINTS[1], "http://c:4318")], true), (vec![Choice::Otlp], 0));
        assert_eq!(read(&[(VARIABLE, "otlp, console")], true), (vec![Choice::Otlp, Choice::Console], 0));
        assert_eq!(read(&[(VARIABLE, "zipkin")], false), (vec![Choice::Otlp], 1));
    }

    #[cfg(not(feature = "otlp"))]
    #[test]
    fn otlp_is_refused_where_it_is_left_out() {
        assert_eq!(read(&[(VARIABLE, "otlp")], false), (vec![], 1));
        assert_eq!(read(&[(ENDPOINTS[0], "http://c:4318")], true), (vec![], 1));
        assert_eq!(read(&[], false), (vec![], 0));
    }
}
