//! The recorder's unsafe code: three small primitives, each safe to use from outside of this file.
//!
//! - [`Published`]: the record of an open span, owned by the span object inside an OpenTelemetry [`Context`] and written to
//!   by whoever holds a clone of that context, without counting references a second time.
//! - [`Lock`]: a lock that costs one atomic exchange where a `Mutex` costs two.
//! - [`Region`]: bytes that one thread appends and others read, without either waiting.
//!
//! and one call of the C library: [`in_forked_children`].

use std::cell::UnsafeCell;
use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;

use super::log::sync::{Arc, AtomicUsize, Ordering};
use super::record::Record;
use super::span::RecordedSpan;

/// The one owner of a record. Unlike a `Box`, it lets others look at the record while it is moved about.
pub(super) struct Owner(NonNull<Record>);

// SAFETY: an `Owner` is a `Box<Record>` in all but name, and `Record` is `Send` and `Sync` (asserted below).
unsafe impl Send for Owner {}
// SAFETY: as above; `&Owner` gives `&Record` and nothing more.
unsafe impl Sync for Owner {}

const fn assert_send_and_sync<T: Send + Sync>() {}
const _: () = assert_send_and_sync::<Record>();

impl Owner {
    #[inline]
    pub(super) fn new(record: Box<Record>) -> Self {
        Self(NonNull::from(Box::leak(record)))
    }
}

impl Deref for Owner {
    type Target = Record;

    #[inline]
    fn deref(&self) -> &Record {
        // SAFETY: the pointer is that of a leaked box, which nobody but our `drop` takes back, and every access in between
        // is a shared one.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // SAFETY: `self.0` came from `Box::leak` in `new`, and `drop` runs once. No `&Record` is left: those that `deref`
        // gave borrowed `self`, and those that `Published::record` gave borrowed a context that keeps `self` alive.
        Record::retire(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// The record of an open span, together with a context that keeps it alive.
#[derive(Clone)]
pub(super) struct Published {
    context: Context,
    /// Owned by the span in `context`.
    record: NonNull<Record>,
}

// SAFETY: a `Published` can be cloned, sent and dropped, which its context can, too, and it lends the record, which is
// `Send` and `Sync`.
unsafe impl Send for Published {}
// SAFETY: as above.
unsafe impl Sync for Published {}

impl Published {
    /// Makes the span of `record` current in `parent`, or in what is current on this thread.
    #[inline]
    pub(super) fn new(record: Box<Record>, parent: Option<&Context>) -> Self {
        let owner = Owner::new(record);
        let record = owner.0;
        let span = RecordedSpan::recording(owner);
        let context = match parent {
            Some(parent) => parent.with_span(span),
            None => Context::current_with_span(span),
        };
        Self { context, record }
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    #[inline]
    pub(super) fn record(&self) -> &Record {
        // SAFETY: the owner of the record is in the span that `new` put into `self.context`. A context shares its span with
        // its clones and never gives it away: opentelemetry keeps it behind an `Arc` and a `Mutex` and reaches it through
        // `SpanRef` alone, which calls the methods of `Span` on it and `RecordedSpan` moves its owner in none of them. So the
        // owner lives at least as long as the context, which is never replaced and lives as long as `self`.
        unsafe { self.record.as_ref() }
    }
}

/// A lock for what is held for some nanoseconds and hardly ever by two threads at once: the state of one span.
///
/// It is taken with an exchange and given back with a plain store. A `Mutex` exchanges both times, because it has to know
/// who sleeps; here nobody sleeps, a thread that finds the lock taken gives way until it is not. There is no poison: what a
/// panic leaves behind is a span, whole enough to be ended.
pub(super) struct Lock<T> {
    taken: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through `&mut Lock` or by who holds the lock, by one thread at a time; it goes from thread
// to thread, as through a `Mutex`, so `T` must be `Send` and need not be `Sync`.
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    pub(super) const fn new(value: T) -> Self {
        Self { taken: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    #[inline]
    pub(super) fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Runs `work` with the value. Not to be called again inside of `work`.
    #[inline]
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        /// Gives the lock back, after a panic as well.
        struct Held<'a>(&'a AtomicBool);
        impl Drop for Held<'_> {
            #[inline]
            fn drop(&mut self) {
                self.0.store(false, Release);
            }
        }
        if self.taken.swap(true, Acquire) {
            self.wait();
        }
        let _held = Held(&self.taken);
        // SAFETY: the exchange that found `false` has made us the only holder, until `_held` is dropped, after `work`. It
        // synchronises with the store of the last holder.
        work(unsafe { &mut *self.value.get() })
    }

    #[cold]
    fn wait(&self) {
        let mut tries = 0;
        while self.taken.load(Relaxed) || self.taken.swap(true, Acquire) {
            tries += 1;
            if tries < 32 { std::hint::spin_loop() } else { std::thread::yield_now() }
        }
    }
}

impl<T> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lock")
    }
}

/// Bytes that one thread appends and others read. What was committed never changes any more.
pub(super) struct Region {
    /// A leaked `Box<[u8]>`.
    bytes: NonNull<[u8]>,
    committed: AtomicUsize,
    #[cfg(all(test, traced_loom))]
    watch: super::log::sync::Watch,
}

// SAFETY: bytes below `committed` are only read and bytes from there on are touched by the one `Appender` alone; the
// hand-over between the two is the release store and acquire load of `committed`.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

/// The one writer of a [`Region`].
pub(super) struct Appender {
    region: Arc<Region>,
    at: usize,
}

impl Region {
    /// A region over `bytes`, and its only writer.
    pub(super) fn new(bytes: Box<[u8]>) -> (Arc<Self>, Appender) {
        let bytes = NonNull::from(Box::leak(bytes));
        let region = Arc::new(Self {
            #[cfg(all(test, traced_loom))]
            watch: super::log::sync::Watch::new(bytes.len()),
            bytes,
            committed: AtomicUsize::new(0),
        });
        (Arc::clone(&region), Appender { region, at: 0 })
    }

    /// What was committed, from `from` on.
    pub(super) fn read(&self, from: usize) -> &[u8] {
        let len = self.committed.load(Ordering::Acquire).saturating_sub(from);
        #[cfg(all(test, traced_loom))]
        self.watch.read(from, len);
        // SAFETY: `committed` is at most the length of the box, since `append` checked it, so `from + len` is, too, where
        // `len` is not 0. Those bytes were written before the store that our load has read from, and nobody writes them
        // again while the region lives.
        unsafe {
            std::slice::from_raw_parts(self.bytes.cast::<u8>().as_ptr().add(if len == 0 { 0 } else { from }), len)
        }
    }

    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// Takes the memory back, to be used again.
    pub(super) fn into_bytes(self) -> Box<[u8]> {
        let region = std::mem::ManuallyDrop::new(self);
        // SAFETY: the pointer came from `Box::leak`; `self` is owned, so neither the appender nor a reader is left, and
        // `ManuallyDrop` keeps `drop` from freeing it a second time.
        unsafe { Box::from_raw(region.bytes.as_ptr()) }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: as in `into_bytes`, which does not let `drop` run.
        drop(unsafe { Box::from_raw(self.bytes.as_ptr()) });
    }
}

impl Appender {
    /// Whether `len` more bytes fit.
    #[inline]
    pub(super) fn fits(&self, len: usize) -> bool {
        len <= self.region.capacity() - self.at
    }

    /// Lets `write` fill `len` bytes and then shows them to the readers. What a panic leaves half-written stays unseen.
    ///
    /// # Panics
    ///
    /// If they do not fit.
    #[inline]
    pub(super) fn append(&mut self, len: usize, write: impl FnOnce(&mut [u8])) {
        assert!(self.fits(len), "the region is full");
        #[cfg(all(test, traced_loom))]
        self.region.watch.write(self.at, len);
        // SAFETY: the range is within the box, which was initialised when it came here. It begins at `committed`, so that
        // no reader has a reference to any of it, and `&mut self` is the only writer.
        write(unsafe { std::slice::from_raw_parts_mut(self.region.bytes.cast::<u8>().as_ptr().add(self.at), len) });
        self.at += len;
        self.region.committed.store(self.at, Ordering::Release);
    }
}

/// Runs `handler` in every process that is forked off this one.
///
/// It must do nothing but what is async-signal-safe: the child has one thread of many, and whatever locks the others held.
#[cfg(unix)]
pub(super) fn in_forked_children(handler: extern "C" fn()) {
    // SAFETY: the call takes function pointers, of which ours is valid for as long as the program runs (the library is not
    // unloaded: it is linked statically, or has threads of its own). A failure, for want of memory, leaves forks unseen.
    unsafe {
        libc::pthread_atfork(None, None, Some(handler));
    }
}
