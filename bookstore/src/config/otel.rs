//! The guide's names for OpenTelemetry's settings.
//!
//! `OTEL_ENABLED`, `OTEL_EXPORTER_ENDPOINT` and `OTEL_SAMPLING_RATE` stand for standard variables, which win.

use traced::logs::Logs;

use super::ConfigError;

/// Where the value of a variable is looked up.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Checks the guide's names: what stands in one can't be blamed on the standard name that it stands for.
///
/// # Errors
///
/// [`ConfigError`], which names the variable and the remedy.
pub fn check(environment: Lookup<'_>) -> Result<(), ConfigError> {
    if let Some(value) = set(environment, "OTEL_ENABLED")
        && boolean(&value).is_none()
    {
        let problem = format!("is {value:?}, neither true nor false");
        return Err(ConfigError::new("OTEL_ENABLED", problem, "Set it to true or false, or leave it out for true"));
    }
    if let Some(value) = set(environment, "OTEL_SAMPLING_RATE")
        && !value.trim().parse::<f64>().is_ok_and(|rate| (0.0..=1.0).contains(&rate))
    {
        let problem = format!("is {value:?}, no ratio");
        let remedy = "Set it to a number from 0 to 1, e.g. OTEL_SAMPLING_RATE=0.1, or leave it out for 1";
        return Err(ConfigError::new("OTEL_SAMPLING_RATE", problem, remedy));
    }
    if let Some(value) = set(environment, "OTEL_EXPORTER_ENDPOINT")
        && !value.parse::<http::Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
        })
    {
        let remedy = "Set it to the whole address, e.g. OTEL_EXPORTER_ENDPOINT=http://localhost:4318/v1/traces";
        return Err(ConfigError::new("OTEL_EXPORTER_ENDPOINT", "is no http:// or https:// URL", remedy));
    }
    Ok(())
}

/// How log records are shown: LOG_FORMAT, `text` or `json`.
///
/// # Errors
///
/// [`ConfigError`] when it is something else.
pub fn logs(environment: Lookup<'_>) -> Result<Logs, ConfigError> {
    match set(environment, "LOG_FORMAT").as_deref() {
        None | Some("text") => Ok(Logs::text().writer(crate::log::Writer)),
        Some("json") => Ok(Logs::json().writer(crate::log::Writer)),
        Some(other) => {
            let problem = format!("is {other:?}, no format of log lines");
            Err(ConfigError::new("LOG_FORMAT", problem, "Set it to text or json, or leave it out for text"))
        }
    }
}

/// The value of a standard variable, of the guide's name for it if it is not set itself.
pub fn standard(environment: Lookup<'_>, name: &str) -> Option<String> {
    let alias = |name| set(environment, name);
    set(environment, name).or_else(|| match name {
        // Unless OTEL_RESOURCE_ATTRIBUTES names the service, which it may do for all of a deployment's programs alike.
        "OTEL_SERVICE_NAME" => {
            let named = set(environment, "OTEL_RESOURCE_ATTRIBUTES")
                .is_some_and(|list| list.split(',').any(|pair| pair.trim_start().starts_with("service.name=")));
            (!named).then(|| "bookstore-api".into())
        }
        "OTEL_SDK_DISABLED" => {
            let enabled = boolean(&alias("OTEL_ENABLED")?)?;
            Some((!enabled).to_string())
        }
        // The guide's value already has the path. The standard endpoint of all signals wins over it too.
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" if set(environment, "OTEL_EXPORTER_OTLP_ENDPOINT").is_none() => {
            alias("OTEL_EXPORTER_ENDPOINT")
        }
        // The service's own records; of what it stands on, what is wrong.
        "RUST_LOG" => Some("warn,opentelemetry=off,warp::filters=off,bookstore=info".into()),
        "OTEL_TRACES_SAMPLER" => alias("OTEL_SAMPLING_RATE").map(|_| "parentbased_traceidratio".into()),
        "OTEL_TRACES_SAMPLER_ARG" if set(environment, "OTEL_TRACES_SAMPLER").is_none() => {
            alias("OTEL_SAMPLING_RATE").map(|rate| rate.trim().to_owned())
        }
        _ => None,
    })
}

/// Where the traces go, in one line, with the name under which it was said that they go nowhere.
pub fn described(destination: &str, environment: Lookup<'_>) -> String {
    let place = destination.strip_prefix("traces go to ").or_else(|| destination.strip_prefix("traces go "));
    let place = place.unwrap_or(destination);
    match set(environment, "OTEL_ENABLED") {
        Some(given) if set(environment, "OTEL_SDK_DISABLED").is_none() => {
            place.replace("OTEL_SDK_DISABLED is true", &format!("OTEL_ENABLED is {}", given.trim()))
        }
        _ => place.to_owned(),
    }
}

/// As OpenTelemetry has it, an empty value is none.
fn set(environment: Lookup<'_>, name: &str) -> Option<String> {
    environment(name).filter(|value| !value.trim().is_empty())
}

/// As the original's settings read it.
fn boolean(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" | "t" | "y" => Some(true),
        "false" | "0" | "no" | "off" | "f" | "n" => Some(false),
        _ => None,
    }
}
