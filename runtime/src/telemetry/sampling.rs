//! Which traces are recorded.

use std::any::Any;

use opentelemetry_sdk::trace::{Sampler, ShouldSample};

use super::environment::Reader;
use crate::recorder::Settled;

/// A sampler, with what the pipeline needs to know about it.
#[derive(Debug)]
pub(crate) struct Sampling {
    pub(crate) sampler: Box<dyn ShouldSample>,
    /// It wants to see the attributes that a span starts with.
    pub(crate) sees_attributes: bool,
    /// What need not be asked of it.
    pub(crate) settled: Settled,
}

impl Sampling {
    /// A sampler that was given in code.
    pub(crate) fn given(sampler: impl ShouldSample + 'static, sees_attributes: bool) -> Self {
        // Only the SDK's own type is known to follow: a `ParentBasedSampler` can be told otherwise.
        let parent_based = matches!((&sampler as &dyn Any).downcast_ref::<Sampler>(), Some(Sampler::ParentBased(_)));
        // What it makes of a root is up to a sampler inside, whose type can't be seen.
        let settled = Settled { parent_based, records_roots: false };
        Self { sampler: Box::new(sampler), sees_attributes, settled }
    }

    /// What OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG say; by default everything whose parent is recorded.
    pub(crate) fn from_environment(reader: &mut Reader<'_>) -> Self {
        let name = reader.parse(&["OTEL_TRACES_SAMPLER"], |_, value| Name::parse(value));
        let (parent_based, name) = match name {
            Some(Name { parent_based, root }) => (parent_based, root),
            None => (true, Root::AlwaysOn),
        };
        let root = match name {
            Root::AlwaysOn => Sampler::AlwaysOn,
            Root::AlwaysOff => Sampler::AlwaysOff,
            Root::Ratio => Sampler::TraceIdRatioBased(ratio(reader)),
        };
        let settled = Settled { parent_based, records_roots: matches!(root, Sampler::AlwaysOn) };
        let sampler = if parent_based { Sampler::ParentBased(Box::new(root)) } else { root };
        Self { sampler: Box::new(sampler), sees_attributes: false, settled }
    }
}

#[derive(Debug, Clone, Copy)]
enum Root {
    AlwaysOn,
    AlwaysOff,
    Ratio,
}

#[derive(Debug, Clone, Copy)]
struct Name {
    parent_based: bool,
    root: Root,
}

impl Name {
    fn parse(value: &str) -> Result<Self, String> {
        let value = value.to_ascii_lowercase();
        let (parent_based, root) = match value.strip_prefix("parentbased_") {
            Some(root) => (true, root),
            None => (false, value.as_str()),
        };
        let root = match root {
            "always_on" => Root::AlwaysOn,
            "always_off" => Root::AlwaysOff,
            "traceidratio" => Root::Ratio,
            _ => {
                return Err("write always_on, always_off, traceidratio, parentbased_always_on, \
                            parentbased_always_off or parentbased_traceidratio"
                    .to_owned());
            }
        };
        Ok(Self { parent_based, root })
    }
}

fn ratio(reader: &mut Reader<'_>) -> f64 {
    let ratio = reader.parse(&["OTEL_TRACES_SAMPLER_ARG"], |_, value| match value.parse::<f64>() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        _ => Err("write the share of traces to record, a number from 0 to 1, such as 0.1".to_owned()),
    });
    ratio.unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::super::environment::tests::environment;
    use super::*;

    fn read(variables: &[(&'static str, &'static str)]) -> (String, Settled, Vec<String>) {
        let environment = environment(variables);
        let mut reader = Reader::new(&environment);
        let sampling = Sampling::from_environment(&mut reader);
        let invalid = reader.into_invalid().iter().map(ToString::to_string).collect();
        (format!("{:?}", sampling.sampler), sampling.settled, invalid)
    }

    #[test]
    fn every_standard_name_is_known() {
        let cases = [
            ("always_on", "AlwaysOn", false, true),
            ("always_off", "AlwaysOff", false, false),
            ("traceidratio", "TraceIdRatioBased(0.25)", false, false),
            ("parentbased_always_on", "ParentBased(AlwaysOn)", true, true),
            ("parentbased_always_off", "ParentBased(AlwaysOff)", true, false),
            ("parentbased_traceidratio", "ParentBased(TraceIdRatioBased(0.25))", true, false),
        ];
        for (name, expected, parent_based, records_roots) in cases {
            let read = read(&[("OTEL_TRACES_SAMPLER", name), ("OTEL_TRACES_SAMPLER_ARG", "0.25")]);
            assert_eq!(read, (expected.to_owned(), Settled { parent_based, records_roots }, vec![]));
        }
        let settled = Settled { parent_based: true, records_roots: true };
        assert_eq!(read(&[]), ("ParentBased(AlwaysOn)".to_owned(), settled, vec![]));
    }

    #[test]
    fn a_share_that_is_none_is_refused_and_all_is_recorded() {
        for bad in ["abc", "1.5", "-0.1", "NaN", "inf"] {
            let (sampler, _, invalid) =
                read(&[("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", bad)]);
            assert_eq!(sampler, "TraceIdRatioBased(1.0)");
            assert_eq!(invalid.len(), 1, "{bad}");
            assert!(invalid[0].contains("OTEL_TRACES_SAMPLER_ARG") && invalid[0].contains("0.1"), "{invalid:?}");
        }
    }

    #[test]
    fn an_unknown_sampler_is_refused_with_the_known_ones() {
        let (sampler, settled, invalid) = read(&[("OTEL_TRACES_SAMPLER", "jaeger_remote")]);
        assert_eq!(
            (sampler.as_str(), settled),
            ("ParentBased(AlwaysOn)", Settled { parent_based: true, records_roots: true })
        );
        assert!(invalid[0].contains("parentbased_traceidratio"), "{invalid:?}");
    }

    #[test]
    fn only_what_is_known_to_follow_its_parent_is_taken_to() {
        let settled = |sampler: Sampling| sampler.settled;
        let follows = Settled { parent_based: true, records_roots: false };
        assert_eq!(settled(Sampling::given(Sampler::ParentBased(Box::new(Sampler::AlwaysOff)), false)), follows);
        assert_eq!(settled(Sampling::given(Sampler::AlwaysOn, false)), Settled::default());
        assert_eq!(settled(Sampling::given(Sampler::parent_based(Sampler::AlwaysOn), false)), Settled::default());
    }
}
