//! Setting up what does nothing: so that a program can be built without recording, and its code stay as it is.
//!
//! What takes a type of `opentelemetry_sdk` (samplers, exporters, limits, a provider) is not here: that crate is not there.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::Health;

/// The installed telemetry: none.
#[derive(Debug)]
#[must_use = "dropping it shuts the telemetry down: keep it until the program ends"]
pub struct Telemetry(());

/// Describes a set-up that does nothing.
#[derive(Debug)]
#[must_use = "a builder does nothing until `install`"]
pub struct TelemetryBuilder(());

/// Which sites record: none. Any directives are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter(String);

macro_rules! never {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(Infallible);

        impl fmt::Display for $name {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.0 {}
            }
        }

        impl std::error::Error for $name {}
    )*};
}

never! {
    /// A filter that can't be understood: none is looked at.
    FilterError;
    /// Why an installation was refused: none is.
    SetupError;
    /// Why a flush failed: none does.
    FlushError;
    /// An environment variable that can't be used: none is read.
    InvalidVariable;
    /// Something that the people who run the program should know: nothing.
    Warning;
}

impl Telemetry {
    /// Begins to describe a set-up.
    pub fn builder() -> TelemetryBuilder {
        TelemetryBuilder(())
    }

    /// Where the traces go, for people.
    pub fn destination(&self) -> &str {
        "nothing is recorded: traced was built without its feature `enable`"
    }

    /// Changes nothing.
    ///
    /// # Errors
    ///
    /// None.
    pub fn set_filter(&self, _directives: &str) -> Result<(), FilterError> {
        Ok(())
    }

    /// Nothing was ever recorded.
    pub fn health(&self) -> Health {
        Health::default()
    }

    /// Delivers nothing.
    ///
    /// # Errors
    ///
    /// None.
    pub fn flush(&self) -> Result<(), FlushError> {
        Ok(())
    }

    /// Stops nothing.
    ///
    /// # Errors
    ///
    /// None.
    pub fn shutdown(&self) -> Result<(), FlushError> {
        Ok(())
    }
}

macro_rules! ignored {
    ($($(#[$doc:meta])* fn $name:ident($($type:ty)?);)*) => {$(
        $(#[$doc])*
        pub fn $name(self $(, _: $type)?) -> Self {
            self
        }
    )*};
}

impl TelemetryBuilder {
    ignored! {
        /// Names the service.
        fn service_name(impl Into<String>);
        /// Draws nothing.
        fn console_when_unconfigured();
        /// No environment is read that could be invalid.
        fn strict();
        /// Filters nothing.
        fn filter(Filter);
        /// Limits nothing.
        fn attribute_value_length_limit(usize);
        /// Redacts nothing.
        fn redact(impl Fn(&str, &str) -> Option<String> + Send + Sync + 'static);
        /// Limits nothing.
        fn max_queue_bytes(usize);
        /// Waits for nothing.
        fn flush_timeout(Duration);
        /// There are no warnings.
        fn on_warning(impl Fn(&Warning) + Send + Sync + 'static);
        /// No environment is read.
        fn environment(impl Fn(&str) -> Option<String> + Send + Sync + 'static);
    }

    /// Says something of the service.
    pub fn resource_attribute(self, _key: impl Into<String>, _value: impl crate::Value) -> Self {
        self
    }

    /// Installs nothing.
    ///
    /// # Errors
    ///
    /// None.
    pub fn install(self) -> Result<Telemetry, SetupError> {
        Ok(Telemetry(()))
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(directives: &str) -> Result<Self, FilterError> {
        Ok(Self(directives.to_owned()))
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
