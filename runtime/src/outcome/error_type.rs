//! Errors that say what kind they are.

use std::rc::Rc;
use std::sync::Arc;

/// An error that says what kind it is, for `error.type`, and whether it fails a span.
///
/// Derive it with `#[derive(ErrorType)]`. For an error without it, `error.type` is the name of its Rust type.
///
/// ```
/// #[derive(Debug, traced::ErrorType)]
/// enum Error {
///     #[error_type("unauthorized")]
///     Unauthorized,
///     /// Noted, but it does not fail the span.
///     #[error_type("not_found", expected)]
///     NotFound,
///     /// Its message and its causes stay off the span.
///     #[error_type("conflict", sensitive)]
///     Conflict(String),
/// }
///
/// use traced::ErrorType as _;
/// assert_eq!(Error::Conflict("ada@example.org".into()).error_type(), "conflict");
/// assert!(Error::NotFound.is_expected());
/// ```
///
/// A wrapper of a sensitive error needs `transparent` or `sensitive` of its own: a wrapper's `Display` form can repeat
/// what is inside, and nothing of that is seen from outside.
pub trait ErrorType {
    /// The kind of error: a low-cardinality identifier, for the attribute
    /// [`error.type`](https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/).
    fn error_type(&self) -> &str;

    /// Whether it is part of normal operation: such an error leaves the status of the span unset.
    fn is_expected(&self) -> bool {
        false
    }

    /// Whether its message and causes may hold what must not be exported.
    fn is_sensitive(&self) -> bool {
        false
    }
}

/// A pointer to an error is of the kind of what it points at.
macro_rules! pointers {
    ($($pointer:ty),*) => {
        $(impl<E: ErrorType + ?Sized> ErrorType for $pointer {
            fn error_type(&self) -> &str {
                (**self).error_type()
            }
            fn is_expected(&self) -> bool {
                (**self).is_expected()
            }
            fn is_sensitive(&self) -> bool {
                (**self).is_sensitive()
            }
        })*
    };
}

pointers!(&E, Box<E>, Arc<E>, Rc<E>);

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Sensitive;

    impl ErrorType for Sensitive {
        fn error_type(&self) -> &str {
            "sensitive"
        }
        fn is_expected(&self) -> bool {
            true
        }
        fn is_sensitive(&self) -> bool {
            true
        }
    }

    #[test]
    fn a_pointer_to_an_error_says_what_the_error_says() {
        fn check(error: impl ErrorType) {
            assert_eq!(error.error_type(), "sensitive");
            assert!(error.is_expected() && error.is_sensitive());
        }
        check(&Sensitive);
        check(Box::new(Sensitive));
        check(Arc::new(Sensitive));
        check(Rc::new(Sensitive));
    }
}
