//! What can be wrong with a set-up, and what a flush has to admit.

use std::fmt;
use std::time::Duration;

/// An environment variable whose value can't be used.
///
/// Its `Display` names the variable, the value and what to write instead. Values that may hold a secret are masked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidVariable {
    /// The variable's name.
    pub variable: &'static str,
    /// Its value, shortened and with control characters escaped.
    pub value: String,
    /// What is wrong with it, and what to write instead.
    pub remedy: String,
}

/// Longer values are cut in messages.
const VALUE_SHOWN: usize = 80;

impl InvalidVariable {
    pub(crate) fn new(variable: &'static str, value: &str, remedy: impl Into<String>) -> Self {
        let mut shown: String = value.chars().take(VALUE_SHOWN).flat_map(char::escape_debug).collect();
        if value.chars().count() > VALUE_SHOWN {
            shown.push('…');
        }
        Self { variable, value: shown, remedy: remedy.into() }
    }
}

impl fmt::Display for InvalidVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=\"{}\" is not valid: {}", self.variable, self.value, self.remedy)
    }
}

/// Why [`TelemetryBuilder::install`](crate::TelemetryBuilder::install) refused.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// Environment variables have values that can't be used. Only in [strict](crate::TelemetryBuilder::strict) mode;
    /// otherwise each is a [`Warning`](crate::Warning) and then as if unset.
    #[error("{}", joined(.0))]
    InvalidEnvironment(Vec<InvalidVariable>),
    /// Another [`Telemetry`](crate::Telemetry) lives.
    #[error(
        "a Telemetry is installed already: keep that one for the whole program, or drop it before installing another"
    )]
    AlreadyInstalled,
    /// The log records could not be set up.
    #[error("the logs could not be set up: {0}")]
    Logs(String),
    /// The exporter could not be built.
    #[error("the exporter for {destination} could not be built: {reason}")]
    Exporter {
        /// Where the traces were to go.
        destination: String,
        /// What went wrong, and what to do.
        reason: String,
    },
}

/// Why a flush or shutdown can't promise that every span has arrived.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum FlushError {
    /// The deadline passed first.
    #[error("{pending} spans were still waiting for export after {after:?}{}", because(.last_error))]
    TimedOut {
        /// How long was waited.
        after: Duration,
        /// How many spans had not been delivered, as far as is known.
        pending: u64,
        /// The latest error of each exporter that had one meanwhile, and which has not come back.
        last_error: Option<String>,
    },
    /// Spans could not be delivered and are gone.
    #[error("{spans} spans were lost{}", because(.last_error))]
    Lost {
        /// How many, since the flush began.
        spans: u64,
        /// The latest error of each exporter that had one meanwhile.
        last_error: Option<String>,
    },
    /// The metrics could not be delivered.
    #[error("the metrics could not be delivered: {0}")]
    Metrics(String),
    /// Spans could not be delivered yet: they are kept, and tried again while the telemetry lives.
    #[error("{spans} spans could not be delivered yet{}", because(.last_error))]
    Undelivered {
        /// How many of them were tried; more may wait behind them.
        spans: u64,
        /// The latest error of each exporter that had one meanwhile.
        last_error: Option<String>,
    },
    /// Exporters took every span and then failed to hand on what they hold: their `force_flush` did, or their `shutdown`.
    #[error("{0}")]
    Exporter(String),
    /// The log records could not be delivered.
    #[error("the log records could not be delivered: {0}")]
    Logs(String),
    /// A provider that was given in code could not be flushed.
    #[error(
        "the tracer provider that was given in code could not be flushed: {0}; what its processors hold may be lost"
    )]
    Provider(String),
    /// The telemetry is shut down.
    #[error("the telemetry is shut down already: flush before that")]
    ShutDown,
}

fn joined(variables: &[InvalidVariable]) -> String {
    variables.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn because(error: &Option<String>) -> String {
    error.as_ref().map(|error| format!(": {error}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_variable_is_named_with_value_and_remedy_on_one_line() {
        let variable = InvalidVariable::new("OTEL_X", "a\nb\x1b[31m", "write a number");
        assert_eq!(variable.to_string(), "OTEL_X=\"a\\nb\\u{1b}[31m\" is not valid: write a number");
        let long = InvalidVariable::new("OTEL_X", &"é".repeat(200), "shorter");
        assert_eq!(long.value.chars().count(), VALUE_SHOWN + 1);
    }

    #[test]
    fn a_setup_error_names_every_variable() {
        let error = SetupError::InvalidEnvironment(vec![
            InvalidVariable::new("OTEL_A", "x", "write a"),
            InvalidVariable::new("OTEL_B", "y", "write b"),
        ]);
        let text = error.to_string();
        assert!(text.contains("OTEL_A=\"x\"") && text.contains("write a") && text.contains("OTEL_B=\"y\""), "{text}");
    }
}
