//! What `ok`, `err`, `some` and `none` clauses apply to.

/// A return value that is one of two: what `ok(..)` and `err(..)` apply to.
#[diagnostic::on_unimplemented(
    message = "`ok(..)` and `err(..)` need a function that returns a `Result`, and this one returns `{Self}`",
    label = "not a `Result`",
    note = "`ret(|value| ..)` sees any return value"
)]
pub trait ResultLike {
    /// The value of success.
    type Ok;
    /// The value of failure.
    type Err;
    /// The two, by reference.
    fn as_result(&self) -> Result<&Self::Ok, &Self::Err>;
}

impl<T, E> ResultLike for Result<T, E> {
    type Ok = T;
    type Err = E;
    fn as_result(&self) -> Result<&T, &E> {
        self.as_ref()
    }
}

/// A return value that may be nothing: what `some(..)` and `none(..)` apply to.
#[diagnostic::on_unimplemented(
    message = "`some(..)` and `none(..)` need a function that returns an `Option` or a `Result` of one, and this one returns `{Self}`",
    label = "neither an `Option` nor a `Result` of one",
    note = "`ret(|value| ..)` sees any return value"
)]
pub trait OptionLike {
    /// The value that may be there.
    type Some;
    /// `Some(Some(value))`, `Some(None)`, or `None` where an `Err` leaves the question open.
    fn as_option(&self) -> Option<Option<&Self::Some>>;
}

impl<T> OptionLike for Option<T> {
    type Some = T;
    fn as_option(&self) -> Option<Option<&T>> {
        Some(self.as_ref())
    }
}

impl<T, E> OptionLike for Result<Option<T>, E> {
    type Some = T;
    fn as_option(&self) -> Option<Option<&T>> {
        self.as_ref().ok().map(Option::as_ref)
    }
}
