//! A setting that can't be used.

use std::borrow::Cow;
use std::fmt;

/// A setting that can't be used: which one, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    variable: Cow<'static, str>,
    problem: String,
    remedy: String,
}

impl ConfigError {
    pub(crate) fn new(
        variable: impl Into<Cow<'static, str>>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { variable: variable.into(), problem: problem.into(), remedy: remedy.into() }
    }

    /// The environment variable.
    pub fn variable(&self) -> &str {
        &self.variable
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}. {}.", self.variable, self.problem, self.remedy)
    }
}

impl std::error::Error for ConfigError {}
