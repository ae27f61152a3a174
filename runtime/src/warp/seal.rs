//! The one place that opens warp's seal.
//!
//! warp makes futures of its filters with a method that takes a token of a type that nobody else can name, so that nobody
//! else calls it. A span has to be around those futures, though: only who polls them can stop a panic that comes out, or
//! knows when they are dropped.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use warp::Filter;

/// The future of `filter` for the request that is being handled here.
///
/// To be called from within a filter: warp keeps the request in a thread-local variable.
#[allow(clippy::missing_transmute_annotations, reason = "the token's type has no name that could be written")]
pub(super) fn start<F: Filter>(filter: &F) -> F::Future {
    // SAFETY: the token is a unit struct. It has no size, no invariant and no `Drop`: any value of that type is made of no
    // bytes, as `()` is. Should it ever get a field, this does not compile, since `transmute` compares sizes; nor does
    // it if the method changes.
    filter.filter(unsafe { std::mem::transmute::<(), _>(()) })
}

/// What `filter` makes of the request that is being handled here, if that is there at once.
pub(super) fn ask<F: Filter>(filter: &F) -> Option<F::Extract> {
    match pin!(start(filter)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer.ok(),
        Poll::Pending => None,
    }
}
