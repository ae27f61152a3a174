//! Looking at a return value whose type is not known.

use std::fmt;
use std::marker::PhantomData;

use super::{Failure, Outcome};
use crate::recorder::OpenSpan;

/// How to look at a value of one type.
#[derive(Debug)]
pub(crate) struct Look {
    /// Writes what the value says; `None` where it says nothing.
    pub(crate) see: Option<See>,
    /// Drops the value.
    pub(crate) drop: unsafe fn(*mut ()),
}

/// Writes on a span what the value at a pointer says, which is one of the type that this is for.
pub(crate) type See = unsafe fn(*mut (), &OpenSpan);

/// How to look at an `R`.
pub struct LookAt<R: ?Sized> {
    look: &'static Look,
    value: PhantomData<fn(&R)>,
}

impl<R: ?Sized> Clone for LookAt<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R: ?Sized> Copy for LookAt<R> {}

impl<R: ?Sized> LookAt<R> {
    /// It says nothing.
    pub const NOTHING: Self = Self { look: &Look { see: None, drop: leave }, value: PhantomData };

    /// Without the type.
    #[inline]
    pub(crate) fn erased(self) -> &'static Look {
        self.look
    }
}

impl<T, E> LookAt<Result<T, E>> {
    /// The error, if it is one, as `F` tells it.
    #[inline]
    pub(super) fn error<F: Fail<E>>() -> Self {
        Self { look: &Look { see: Some(see::<T, E, F>), drop: drop_at::<Result<T, E>> }, value: PhantomData }
    }
}

/// What can be said of an `E`.
pub(super) trait Fail<E> {
    fn failure(error: &E) -> Failure<'_>;
}

/// # Safety
///
/// See [`See`]; the value is a `Result<T, E>`.
unsafe fn see<T, E, F: Fail<E>>(value: *mut (), span: &OpenSpan) {
    // SAFETY: as the caller promises.
    let value: &Result<T, E> = unsafe { &*value.cast_const().cast() };
    if let Err(error) = value {
        Outcome::failed(span, || F::failure(error));
    }
}

/// # Safety
///
/// An `R` lies there, and is not used again.
unsafe fn drop_at<R>(value: *mut ()) {
    // SAFETY: as the caller promises.
    unsafe { value.cast::<R>().drop_in_place() }
}

/// What drops elsewhere.
pub(crate) unsafe fn leave(_: *mut ()) {}

impl<R: ?Sized> fmt::Debug for LookAt<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookAt").finish_non_exhaustive()
    }
}
