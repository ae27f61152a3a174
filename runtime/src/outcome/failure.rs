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

    /// An error whose type was erased. It is looked for among those that are known to quote values.
    pub(crate) fn erased(exception_type: &'static str, error: &'e (dyn Error + 'static)) -> Self {
        match quoting(error) {
            Some(kind) => Self::error(kind, exception_type, error).with_flags(false, true),
            None => Self::error(OTHER, exception_type, error),
        }
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
            if let Some(kind) = quoting(cause) {
                // What lies below is no better.
                let _ = write!(text, "\n    {depth}: {kind}");
                break;
            }
            let _ = write!(text, "\n    {depth}: {cause}");
            match cause.source() {
                Some(next) => cause = next,
                None => break,
            }
        }
        Some(text)
    }
}

/// The kind of `error`, if it is one of the drivers' errors, whose messages quote values.
#[cfg_attr(not(any(feature = "postgres", feature = "redis")), expect(unused_variables))]
fn quoting<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e str> {
    #[cfg(any(feature = "postgres", feature = "redis"))]
    {
        fn kind<'e, E: super::ErrorType + Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e str> {
            let own = error.downcast_ref::<E>().map(super::ErrorType::error_type);
            own.or_else(|| error.downcast_ref::<bb8::RunError<E>>().map(super::ErrorType::error_type))
        }
        #[cfg(feature = "postgres")]
        if let Some(kind) =
            kind::<tokio_postgres::Error>(error).or_else(|| kind::<tokio_postgres::error::DbError>(error))
        {
            return Some(kind);
        }
        #[cfg(feature = "redis")]
        if let Some(kind) = kind::<bb8_redis::redis::RedisError>(error) {
            return Some(kind);
        }
    }
    None
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

#[cfg(all(test, feature = "redis"))]
mod tests {
    use bb8_redis::redis::{ErrorKind, RedisError};

    use super::*;
    use crate::outcome::ErrorType;
    use crate::testing::capture;

    fn quoting_error() -> RedisError {
        RedisError::from((ErrorKind::Client, "refused", "the value CANARY is none".to_owned()))
    }

    #[derive(Debug)]
    struct Wrapper(Box<dyn Error>);

    impl fmt::Display for Wrapper {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("wrapper")
        }
    }

    impl Error for Wrapper {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&*self.0)
        }
    }

    #[test]
    fn a_cause_that_quotes_values_shows_its_code_alone() {
        for inner in [Box::<dyn Error>::from(quoting_error()), Box::from(bb8::RunError::User(quoting_error()))] {
            let error = Wrapper(Box::new(Wrapper(inner)));
            let chain = Failure::error("", "", &error).cause_chain().unwrap();
            assert!(chain.ends_with("0: wrapper\n    1: client_error"), "{chain}");
        }
    }

    #[test]
    fn an_erased_error_that_quotes_values_has_no_message() {
        let error: Box<dyn Error> = quoting_error().into();
        let failure = Failure::erased("", &*error);
        assert_eq!((failure.message(), failure.cause_chain()), (None, None));
        assert_eq!(failure.error_type, "client_error");
        let other: Box<dyn Error> = "text".into();
        assert_eq!(Failure::erased("", &*other).message().as_deref(), Some("text"));
    }

    #[test]
    fn the_drivers_errors_are_sensitive() {
        assert!(quoting_error().is_sensitive());
        let pooled = bb8::RunError::User(quoting_error());
        assert!(pooled.is_sensitive());
        assert_eq!(pooled.error_type(), "client_error");
        assert!(!bb8::RunError::<RedisError>::TimedOut.is_sensitive());
        let (_, spans) = capture(|| {
            crate::span::sync(
                crate::span::open(crate::span::Start::new(&SITE, &mut |_| ())),
                || Err::<(), _>(quoting_error()),
                |outcome: &mut crate::outcome::Outcome<'_, '_>, result: &Result<(), RedisError>| {
                    outcome.failure(crate::outcome::ladder::ladder(result).failure(result));
                },
            )
        });
        assert_eq!(spans[0].attribute("error.type"), Some(&"client_error".into()));
        assert!(!format!("{spans:?}").contains("CANARY"), "{spans:?}");
    }

    static SITE: crate::span::Site = crate::span::Site::new("fails", "failure");
}
