//! What can be said of an error value.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Write as _};

/// What can be said of an error value, as far as its type shows it.
pub struct Failure<'e> {
    pub(crate) error_type: Cow<'e, str>,
    pub(crate) exception_type: &'static str,
    pub(crate) expected: bool,
    pub(crate) sensitive: bool,
    message: Message<'e>,
}

enum Message<'e> {
    None,
    Error(&'e (dyn Error + 'e)),
    Display(&'e (dyn fmt::Display + 'e)),
    Debug(&'e (dyn fmt::Debug + 'e)),
}

/// The [`error.type`](https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/) of an error whose kind can't be seen.
pub(crate) const OTHER: &str = "_OTHER";

/// Causes beyond this depth are left out: a cycle must not keep a program busy for ever.
const MAX_CAUSES: usize = 32;

impl<'e> Failure<'e> {
    fn new(error_type: impl Into<Cow<'e, str>>, exception_type: &'static str, message: Message<'e>) -> Self {
        Self { error_type: error_type.into(), exception_type, expected: false, sensitive: false, message }
    }

    /// An error with a message and causes, whose kind is `error_type`.
    pub(crate) fn error(
        error_type: impl Into<Cow<'e, str>>,
        exception_type: &'static str,
        error: &'e (dyn Error + 'e),
    ) -> Self {
        Self::new(error_type, exception_type, Message::Error(error))
    }

    pub(crate) fn display(
        error_type: impl Into<Cow<'e, str>>,
        exception_type: &'static str,
        error: &'e (dyn fmt::Display + 'e),
    ) -> Self {
        Self::new(error_type, exception_type, Message::Display(error))
    }

    pub(crate) fn debug(
        error_type: impl Into<Cow<'e, str>>,
        exception_type: &'static str,
        error: &'e (dyn fmt::Debug + 'e),
    ) -> Self {
        Self::new(error_type, exception_type, Message::Debug(error))
    }

    pub(crate) fn opaque(error_type: impl Into<Cow<'e, str>>, exception_type: &'static str) -> Self {
        Self::new(error_type, exception_type, Message::None)
    }

    #[must_use]
    pub(crate) fn with_flags(mut self, expected: bool, sensitive: bool) -> Self {
        self.expected = expected;
        self.sensitive = sensitive;
        self
    }

    /// The message, unless there is none or it must not be shown.
    pub(crate) fn message(&self) -> Option<String> {
        if self.sensitive {
            return None;
        }
        let mut text = String::new();
        // A Display that answers with an error leaves what it wrote before.
        let _ = match self.message {
            Message::None => return None,
            Message::Error(error) => write!(text, "{error}"),
            Message::Display(error) => write!(text, "{error}"),
            Message::Debug(error) => write!(text, "{error:?}"),
        };
        Some(text)
    }

    /// The error and its causes, a line each, unless there are none or they must not be shown.
    pub(crate) fn cause_chain(&self) -> Option<String> {
        let Message::Error(error) = self.message else { return None };
        if self.sensitive {
            return None;
        }
        let mut cause = error.source()?;
        let mut text = String::new();
        let _ = write!(text, "{error}\n\nCaused by:");
        for depth in 0..MAX_CAUSES {
            let _ = write!(text, "\n    {depth}: {cause}");
            match cause.source() {
                Some(next) => cause = next,
                None => break,
            }
        }
        Some(text)
    }
}

impl fmt::Debug for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("error_type", &self.error_type)
            .field("exception_type", &self.exception_type)
            .field("expected", &self.expected)
            .field("sensitive", &self.sensitive)
            .finish_non_exhaustive()
    }
}
