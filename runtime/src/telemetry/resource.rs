//! What the spans are about: the service and where it runs.

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;

use super::environment::{Reader, pairs};

const SERVICE_NAME: &str = "service.name";

/// The resource: what code says, before OTEL_SERVICE_NAME, before OTEL_RESOURCE_ATTRIBUTES, before the defaults.
pub(crate) fn resource(reader: &mut Reader<'_>, given: Vec<KeyValue>) -> Resource {
    let mut attributes = vec![KeyValue::new(SERVICE_NAME, default_service_name())];
    // The specification: one error, and the whole value is discarded.
    let pairs = reader.parse(&["OTEL_RESOURCE_ATTRIBUTES"], |_, value| pairs(value)).unwrap_or_default();
    attributes.extend(pairs.into_iter().map(|(key, value)| KeyValue::new(key, value)));
    attributes.extend(reader.get("OTEL_SERVICE_NAME").map(|name| KeyValue::new(SERVICE_NAME, name)));
    attributes.extend(given);
    Resource::builder_empty().with_detector(Box::new(TelemetryResourceDetector)).with_attributes(attributes).build()
}

/// `unknown_service:` and the executable's name, as the specification has it.
fn default_service_name() -> String {
    let executable = std::env::current_exe().ok();
    match executable.as_ref().and_then(|path| path.file_name()).map(|name| name.to_string_lossy()) {
        Some(name) => format!("unknown_service:{name}"),
        None => "unknown_service".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::Key;

    use super::super::environment::tests::environment;
    use super::*;

    fn read(variables: &[(&'static str, &'static str)], given: Vec<KeyValue>) -> (Resource, usize) {
        let environment = environment(variables);
        let mut reader = Reader::new(&environment);
        let resource = resource(&mut reader, given);
        (resource, reader.into_invalid().len())
    }

    fn get(resource: &Resource, key: &'static str) -> Option<String> {
        resource.get(&Key::new(key)).map(|value| value.to_string())
    }

    #[test]
    fn the_service_is_named_by_code_then_by_its_variable_then_by_the_attributes() {
        let both = [("OTEL_SERVICE_NAME", "named"), ("OTEL_RESOURCE_ATTRIBUTES", "service.name=listed,a=b%2Cc")];
        let (resource, invalid) = read(&both, vec![KeyValue::new(SERVICE_NAME, "coded")]);
        assert_eq!((get(&resource, SERVICE_NAME).as_deref(), invalid), (Some("coded"), 0));
        let (resource, _) = read(&both, vec![]);
        assert_eq!(get(&resource, SERVICE_NAME).as_deref(), Some("named"));
        assert_eq!(get(&resource, "a").as_deref(), Some("b,c"));
        let (resource, _) = read(&both[1..], vec![]);
        assert_eq!(get(&resource, SERVICE_NAME).as_deref(), Some("listed"));
    }

    #[test]
    fn nothing_configured_names_the_executable_and_the_sdk() {
        let (resource, _) = read(&[], vec![]);
        assert!(get(&resource, SERVICE_NAME).unwrap().starts_with("unknown_service:"));
        assert_eq!(get(&resource, "telemetry.sdk.language").as_deref(), Some("rust"));
    }

    #[test]
    fn one_bad_pair_discards_the_variable() {
        let (resource, invalid) = read(&[("OTEL_RESOURCE_ATTRIBUTES", "a=b,c=%zz")], vec![]);
        assert_eq!((get(&resource, "a"), invalid), (None, 1));
    }
}
