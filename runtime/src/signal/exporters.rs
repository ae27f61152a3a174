//! Which exporters of a signal the environment asks for.

use super::Signal;
use crate::telemetry::{Reader, list};

/// An exporter that the environment can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Otlp,
    Console,
    Prometheus,
}

/// Whether `prometheus` is an exporter of the signal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Prometheus {
    /// It is.
    Known,
    /// It would be, with the feature.
    LeftOut,
    /// The signal has none.
    #[default]
    Unknown,
}

/// The exporters that the signal's variable names; by default OTLP where an endpoint is named, else none.
///
/// The [specification](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#exporter-selection)
/// has OTLP also where nothing is named. Traces follow it; a program that set up nothing else has not asked for a second and
/// a third signal, whose missing collector it would be warned of.
pub(crate) fn asked(signal: &Signal, prometheus: Prometheus, reader: &mut Reader<'_>) -> Vec<Asked> {
    let names = list(reader.get(signal.exporter).as_deref().unwrap_or_default());
    let alone = names.len() == 1;
    let (mut asked, mut none) = (Vec::new(), false);
    for name in names {
        match name.as_str() {
            "otlp" => asked.push(Asked::Otlp),
            "console" => asked.push(Asked::Console),
            "prometheus" if prometheus == Prometheus::Known => asked.push(Asked::Prometheus),
            "prometheus" if prometheus == Prometheus::LeftOut => reader.invalid(
                signal.exporter,
                &name,
                "this program was built without the feature `prometheus` of the crate `traced`: enable it",
            ),
            "none" if alone => none = true,
            "none" => reader.invalid(signal.exporter, "none", "none stands alone; leave it out, or write nothing else"),
            _ if prometheus == Prometheus::Unknown => {
                reader.invalid(signal.exporter, &name, "write otlp, console, both (separated by a comma), or none");
            }
            _ => reader.invalid(
                signal.exporter,
                &name,
                "write otlp, prometheus, console, several of them (separated by commas), or none",
            ),
        }
    }
    let configured =
        [signal.otlp.endpoint, "OTEL_EXPORTER_OTLP_ENDPOINT"].iter().any(|name| reader.get(name).is_some());
    if asked.is_empty() && !none && configured {
        asked.push(Asked::Otlp);
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::otlp::names;
    use crate::telemetry::tests::environment;

    static METRICS: Signal =
        Signal { name: "metrics", exporter: "OTEL_METRICS_EXPORTER", otlp: names!("METRICS", "v1/metrics") };

    fn read(variables: &[(&'static str, &'static str)]) -> (Vec<Asked>, usize) {
        let environment = environment(variables);
        let mut reader = Reader::new(&environment);
        (asked(&METRICS, Prometheus::Known, &mut reader), reader.into_invalid().len())
    }

    #[test]
    fn otlp_is_the_default_where_an_endpoint_is_named() {
        assert_eq!(read(&[]), (vec![], 0));
        assert_eq!(read(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c")]), (vec![], 0));
        assert_eq!(read(&[("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://c")]), (vec![Asked::Otlp], 0));
        assert_eq!(read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c")]), (vec![Asked::Otlp], 0));
    }

    #[test]
    fn lists_are_read_and_what_is_none_of_them_is_noted() {
        let exporter = METRICS.exporter;
        assert_eq!(read(&[(exporter, "none")]), (vec![], 0));
        assert_eq!(read(&[(exporter, "OTLP, prometheus,console")]).0.len(), 3);
        assert_eq!(read(&[(exporter, "statsd")]), (vec![], 1));
        assert_eq!(read(&[(exporter, "console,none")]), (vec![Asked::Console], 1));
    }
}
