//! What an annotated function does when it says nothing of its return value: the cheapest way into a span.
//!
//! All that depends on the function's own types is here, and as little as can be: each line is compiled once for each
//! annotated function.

use std::fmt;
use std::mem::{ManuallyDrop, forget};
use std::panic::AssertUnwindSafe;
use std::ptr;

use super::inside::{self, Run, Task};
use super::state::State;
use super::{Around, Opened, Site, unopened};
use crate::outcome::{Look, LookAt};
use crate::recorder::{self, Looked, Opening};
use crate::value::Value;

/// Calls `body` in a span of `site`, if somebody records there. Its attributes are `values`, the keys of which the site has.
#[inline]
pub fn within<R, B: FnOnce() -> R>(look: LookAt<R>, site: &'static Site, values: &[&dyn Value], body: B) -> R {
    let mut frame = Frame { body: ManuallyDrop::new(body) };
    let data = (&raw mut frame).cast();
    // SAFETY: a body lies in the frame, `run` puts what it returns into its place, and that is an `R`, as `look` is for.
    // Where it does not return, there is nothing left to drop: the body took itself along, or `Unrun` has dropped it.
    unsafe {
        match looked(site) {
            Some(looked) => call(looked, site, values, data, run::<B>, look.erased()),
            None => {
                run::<B>(data, Task::Run);
            }
        }
        ManuallyDrop::into_inner(frame.value)
    }
}

/// Looks at the parent for a span of `site`. Where it is not sampled this is all: what takes more arguments is not called.
#[inline(always)]
fn looked(site: &'static Site) -> Option<Looked> {
    if site.may_be_on() { look_ahead(site) } else { None }
}

#[inline(never)]
fn look_ahead(site: &'static Site) -> Option<Looked> {
    if site.is_on() { recorder::look_ahead(site) } else { None }
}

/// # Safety
///
/// As of [`inside::call`]; and `looked` is what [`looked`] gave for `site`, and is used once.
#[inline(never)]
unsafe fn call(
    looked: Looked,
    site: &'static Site,
    values: &[&dyn Value],
    data: *mut (),
    run: Run,
    look: &'static Look,
) {
    let unrun = Unrun { data, run };
    // SAFETY: as the caller promises.
    let span = Opened(unsafe { recorder::enter_each(looked, site, values) });
    forget(unrun);
    // SAFETY: as the caller promises.
    unsafe { inside::call(span, data, run, look) }
}

/// A body that nobody calls if opening its span panics: what is asked there, values and samplers, is the application's.
struct Unrun {
    data: *mut (),
    run: Run,
}

impl Drop for Unrun {
    #[cold]
    fn drop(&mut self) {
        // SAFETY: `run` is for what lies there, which was not called and is not used again.
        unsafe { (self.run)(self.data, Task::Drop) };
    }
}

/// `future`, which is to run in a span of `site`, if somebody records there; as [`within`].
#[inline]
pub fn around<F: Future>(look: LookAt<F::Output>, site: &'static Site, values: &[&dyn Value], future: F) -> Around<F> {
    Around { state: AssertUnwindSafe(opened_state(site, values)), future, look: look.erased() }
}

fn opened_state(site: &'static Site, values: &[&dyn Value]) -> State {
    State::of(open(site, values))
}

/// A function that is about to run inside its span, or without one, and gives an `R`. This is the way for arguments that
/// are looked at first and then move.
pub struct Entry<R> {
    span: Opened,
    look: LookAt<R>,
}

/// Opens a span of `site`, as [`within`] does.
#[inline]
pub fn enter<R>(look: LookAt<R>, site: &'static Site, values: &[&dyn Value]) -> Entry<R> {
    Entry::new(look, opened(site, values))
}

/// The span that [`enter`] opens.
#[inline]
pub fn opened(site: &'static Site, values: &[&dyn Value]) -> Opened {
    if site.may_be_on() { open(site, values) } else { unopened() }
}

#[inline]
fn open(site: &'static Site, values: &[&dyn Value]) -> Opened {
    match look_ahead(site) {
        // SAFETY: it was given just now.
        Some(looked) => Opened(unsafe { recorder::enter_each(looked, site, values) }),
        None => unopened(),
    }
}

impl<R> Entry<R> {
    /// Into `span`.
    #[inline]
    pub fn new(look: LookAt<R>, span: Opened) -> Self {
        Self { span, look }
    }

    /// Calls `body`.
    #[inline]
    pub fn call<B: FnOnce() -> R>(self, body: B) -> R {
        let mut frame = Frame { body: ManuallyDrop::new(body) };
        let data = (&raw mut frame).cast();
        // SAFETY: as in `within`.
        unsafe {
            if let Opening::Nobody = self.span.0 {
                run::<B>(data, Task::Run);
            } else {
                inside::call(self.span, data, run::<B>, self.look.erased());
            }
            ManuallyDrop::into_inner(frame.value)
        }
    }

    /// `future`, which is to run inside the span.
    #[inline]
    pub fn around<F: Future<Output = R>>(self, future: F) -> Around<F> {
        Around { state: AssertUnwindSafe(State::of(self.span)), future, look: self.look.erased() }
    }
}

/// A function that is called once. The type of what it returns is no parameter of [`run`]: it would stand in the name of
/// every instance.
trait Body {
    type Value;
    fn call(self) -> Self::Value;
}

impl<R, B: FnOnce() -> R> Body for B {
    type Value = R;

    #[inline(always)]
    fn call(self) -> R {
        self()
    }
}

/// Where a body lies, and then what it returned.
union Frame<R, B> {
    body: ManuallyDrop<B>,
    value: ManuallyDrop<R>,
}

/// Calls the body in a frame, or drops it.
///
/// # Safety
///
/// A frame of these types lies at `data`, with a body in it, which is not used again.
unsafe fn run<B: Body>(data: *mut (), task: Task) -> *mut () {
    // SAFETY: as the caller promises; the body is read once and then overwritten.
    unsafe {
        let body = data.cast::<B>().read();
        if task == Task::Drop {
            return ptr::null_mut();
        }
        data.cast::<B::Value>().write(body.call());
    }
    data
}

impl<R> fmt::Debug for Entry<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entry").field(&self.span).finish()
    }
}
