//! Errors that say what kind they are.

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

impl<E: ErrorType + ?Sized> ErrorType for &E {
    fn error_type(&self) -> &str {
        (**self).error_type()
    }
    fn is_expected(&self) -> bool {
        (**self).is_expected()
    }
    fn is_sensitive(&self) -> bool {
        (**self).is_sensitive()
    }
}

impl<E: ErrorType + ?Sized> ErrorType for Box<E> {
    fn error_type(&self) -> &str {
        (**self).error_type()
    }
    fn is_expected(&self) -> bool {
        (**self).is_expected()
    }
    fn is_sensitive(&self) -> bool {
        (**self).is_sensitive()
    }
}
