//! The recorder's unsafe code: three small primitives, each safe to use from outside of this file.
//!
//! - [`Owner`]: the record of an open span, which belongs to the span object inside an OpenTelemetry context and to whoever
//!   has opened the span: to two at most, so that nobody counts references.
//! - [`Lock`]: a lock that costs one atomic exchange where a `Mutex` costs two.
//! - [`Region`]: bytes that one thread appends and others read, without either waiting.
//!
//! and two instructions and one call of the C library: [`counter`], [`fetch_to_write`], [`in_forked_children`].

use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use super::fork;
use super::log::sync::{Arc, AtomicUsize, Ordering};
use super::record::Record;

/// An owner of an open span's record: the span object in an OpenTelemetry context, or whoever has opened the span. The
/// last one to go takes the record with it.
///
/// There are one or two from the start and never more, so that nobody counts: the first one to go leaves a mark in the
/// byte that the record's lock has anyway.
pub(super) struct Owner(NonNull<Record>);

// SAFETY: an `Owner` gives `&Record`, and to the last one the record itself; `Record` is `Send` and `Sync` (asserted below).
unsafe impl Send for Owner {}
// SAFETY: `&Owner` gives `&Record` and nothing more.
unsafe impl Sync for Owner {}

thread_local! {
    /// The record of an owner on this thread which waits for the other one to go: see [`Owner::outlive`].
    static AWAITED: Cell<*const Record> = const { Cell::new(ptr::null()) };
}

const fn assert_send_and_sync<T: Send + Sync>() {}
const _: () = assert_send_and_sync::<Record>();

impl Owner {
    /// The one owner of `record`.
    pub(super) fn only(mut record: Box<Record>) -> Self {
        record.lock_mut().bits = Bits::of(LEFT);
        Self(NonNull::from(Box::leak(record)))
    }

    /// This owner and another one, if it is the only one.
    ///
    /// # Panics
    ///
    /// If there are two.
    #[inline]
    pub(super) fn share(self) -> (Self, Self) {
        let Ok(mut record) = self.into_record() else { panic!("there are two owners") };
        record.lock_mut().bits = Bits::of(0);
        let record = NonNull::from(Box::leak(record));
        (Self(record), Self(record))
    }

    /// The record, if nobody else owns it.
    #[inline]
    pub(super) fn into_record(self) -> Result<Box<Record>, Self> {
        if !self.lock().bits.is_last() {
            return Err(self);
        }
        let record = ManuallyDrop::new(self).0;
        // SAFETY: the pointer is that of a leaked box, and as the last owner we may take it back, as in `left`.
        // `ManuallyDrop` keeps `drop` from doing so again.
        Ok(unsafe { Box::from_raw(record.as_ptr()) })
    }

    /// Runs `part`, which lets go of what probably holds the other owner. Gives the record if nobody else owns it then.
    ///
    /// An owner that goes on the very thread that waits for it says so there: an atomic exchange would be for other threads.
    #[inline]
    pub(super) fn outlive(self, part: impl FnOnce()) -> Result<Box<Record>, Self> {
        /// Waits until it is dropped, after a panic as well.
        struct Awaiting<'a>(&'a Owner, *const Record);
        impl Drop for Awaiting<'_> {
            #[inline]
            fn drop(&mut self) {
                let Self(owner, before) = *self;
                if !ptr::eq(AWAITED.replace(before), owner.0.as_ptr()) {
                    // Nobody else has it any more, on this thread or another.
                    owner.lock().bits.mark_alone();
                }
            }
        }
        // `part` may end in the same way with other records: what one of them waits for comes back before it returns.
        let awaiting = Awaiting(&self, AWAITED.replace(self.0.as_ptr()));
        part();
        drop(awaiting);
        self.into_record()
    }

    /// One owner of `record` is gone; the record itself if it was the last one.
    ///
    /// # Safety
    ///
    /// `record` is that of an owner who does not use it any more, and for whom this is called once.
    #[inline]
    unsafe fn left(record: NonNull<Record>) -> Option<Box<Record>> {
        // SAFETY: the pointer is that of a leaked box. It is taken back by the last owner alone: of two the second one, who
        // finds the mark of the first; and the only one, who finds it there from the start. So nobody has taken it yet.
        // When we have left our mark somebody may: from here on only the atomic itself is borrowed, as in `Arc`.
        let bits = unsafe { &record.as_ref().lock().bits };
        let last = bits.leave();
        // SAFETY: as above. No `&Record` is left: `deref` gives one for as long as its owner is borrowed, and no owner is
        // left. What the other one did happened before: `leave` has acquired what its mark released.
        last.then(|| unsafe { Box::from_raw(record.as_ptr()) })
    }
}

impl Deref for Owner {
    type Target = Record;

    #[inline]
    fn deref(&self) -> &Record {
        // SAFETY: the pointer is that of a leaked box, which is not taken back before every owner is gone, and every access
        // in between is a shared one.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Owner {
    #[inline]
    fn drop(&mut self) {
        if ptr::eq(AWAITED.get(), self.0.as_ptr()) {
            // Of two owners the other one waits, on this thread: it takes the record.
            return AWAITED.set(ptr::null());
        }
        // SAFETY: `drop` runs once, and not after `leave`.
        if let Some(record) = unsafe { Self::left(self.0) } {
            record.retire();
        }
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// A lock for what is held for some nanoseconds and hardly ever by two threads at once: the state of one span. It can be
/// closed: then nobody gets in any more.
///
/// It is taken with an exchange and given back with a plain store. A `Mutex` exchanges both times, because it has to know
/// who sleeps; here nobody sleeps, a thread that finds the lock taken gives way until it is not. There is no poison: what a
/// panic leaves behind is a span, whole enough to be ended.
pub(super) struct Lock<T> {
    bits: Bits,
    value: UnsafeCell<T>,
}

/// Who is at a lock's value. While one thread has set `TAKEN`, no other one changes any bit.
struct Bits(AtomicU8);

/// Somebody is at the value.
const TAKEN: u8 = 1;
/// Nobody comes to the value any more.
const CLOSED: u8 = 2;
/// Of two owners one is gone.
const LEFT: u8 = 4;

// SAFETY: the value is reached through `&mut Lock` or by who holds the lock, by one thread at a time; it goes from thread
// to thread, as through a `Mutex`, so `T` must be `Send` and need not be `Sync`.
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    /// A lock that is closed until its value has an owner.
    pub(super) const fn new(value: T) -> Self {
        Self { bits: Bits::of(CLOSED), value: UnsafeCell::new(value) }
    }

    #[inline]
    pub(super) fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        self.bits.0.load(Relaxed) & CLOSED != 0
    }

    /// Runs `work` with the value, unless the lock is closed. Not to be called again inside of `work`.
    #[inline]
    pub(super) fn with(&self, work: impl FnOnce(&mut T)) {
        self.take(0, work);
    }

    /// Runs `work` with the value and closes the lock, unless it is closed. Not to be called again inside of `work`.
    #[inline]
    pub(super) fn close_with(&self, work: impl FnOnce(&mut T)) {
        self.take(CLOSED, work);
    }

    #[inline]
    fn take(&self, mark: u8, work: impl FnOnce(&mut T)) {
        /// Gives the lock back, after a panic as well.
        struct Held<'a>(&'a Bits, u8);
        impl Drop for Held<'_> {
            #[inline]
            fn drop(&mut self) {
                self.0.0.store(self.1, Release);
            }
        }
        let Some(bits) = self.bits.set(TAKEN, CLOSED) else { return };
        let _held = Held(&self.bits, bits | mark);
        // SAFETY: the exchange that has set `TAKEN` has made us the only holder, until `_held` is dropped, after `work`. It
        // synchronises with the store of the last holder.
        work(unsafe { &mut *self.value.get() });
    }
}

impl Bits {
    const fn of(bits: u8) -> Self {
        Self(AtomicU8::new(bits))
    }

    /// Waits until nobody is at the value and sets `bit`, unless one of `unless` is set. Gives the bits that there were.
    #[inline]
    fn set(&self, bit: u8, unless: u8) -> Option<u8> {
        let bits = self.0.load(Relaxed);
        if bits & (unless | TAKEN) == 0 && self.0.compare_exchange(bits, bits | bit, AcqRel, Relaxed).is_ok() {
            return Some(bits);
        }
        self.set_later(bit, unless)
    }

    #[cold]
    fn set_later(&self, bit: u8, unless: u8) -> Option<u8> {
        let mut tries = 0;
        loop {
            let bits = self.0.load(Relaxed);
            if bits & TAKEN != 0 {
                // A forked child has no thread that would give it back.
                if fork::is_forked() {
                    return None;
                }
                tries += 1;
                if tries < 32 { std::hint::spin_loop() } else { std::thread::yield_now() }
            } else if bits & unless != 0 {
                return None;
            } else if self.0.compare_exchange_weak(bits, bits | bit, AcqRel, Relaxed).is_ok() {
                return Some(bits);
            }
        }
    }

    /// Marks that one of two owners is gone. Whether the other one was: then nobody else is left.
    #[inline]
    fn leave(&self) -> bool {
        self.is_last() || (self.set(LEFT, LEFT).is_none() && self.is_last())
    }

    /// Marks that one of two owners is gone, where the other one alone is there to see it.
    #[inline]
    fn mark_alone(&self) {
        self.0.store(self.0.load(Relaxed) | LEFT, Relaxed);
    }

    /// Whether the other one of two owners is gone.
    #[inline]
    fn is_last(&self) -> bool {
        // In a forked child somebody may be at the value for ever: then nobody takes it back.
        self.0.load(Acquire) & (LEFT | TAKEN) == LEFT
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
        let region = ManuallyDrop::new(self);
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

/// How many bytes of memory go into a cache together.
const CACHE_LINE: usize = 64;
/// How far ahead memory is fetched: about two spans, since another core has it, which has read what was there before. Without
/// that, stores queue up behind the first one that waits, for some 10 ns a span.
const AHEAD: usize = 512;

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
        let ahead = self.region.bytes.cast::<u8>().as_ptr().wrapping_add(self.at + AHEAD);
        (0..len.min(AHEAD)).step_by(CACHE_LINE).for_each(|at| fetch_to_write(ahead.wrapping_add(at)));
    }
}

/// Has the cache fetch what lies at `address`, if anything does, for this core to write to it. Nobody waits for that.
#[inline]
fn fetch_to_write(address: *mut u8) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: the instruction is a hint: a program can't see what it does, it never faults, and processors that do not know it
    // pass over it.
    unsafe {
        core::arch::asm!("prefetchw [{}]", in(reg) address.addr(), options(nomem, nostack, preserves_flags));
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = address;
}

/// Has the processor fetch what lies at `byte` and beside it, and goes on meanwhile.
#[inline]
pub(super) fn fetch_to_read(byte: &u8) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: as above.
    unsafe {
        let address = ptr::from_ref(byte).addr();
        core::arch::asm!("prefetcht0 [{}]", in(reg) address, options(nomem, nostack, preserves_flags));
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    std::hint::black_box(*byte);
}

/// Whether [`counter`] reads the processor's counter.
pub(super) const fn has_counter() -> bool {
    cfg!(all(target_arch = "x86_64", not(miri)))
}

/// The processor's counter, whatever it counts; 0 where [`has_counter`] says that it is not read.
#[inline]
pub(super) fn counter() -> u64 {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: every processor of this architecture has the instruction, which reads no memory. Who forbids it in a process
    // has stopped that at `quanta`, which reads the counter before we do.
    unsafe {
        core::arch::x86_64::_rdtsc()
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    0
}

/// Runs `handler` in every process that is forked off this one.
///
/// It must do nothing but what is async-signal-safe: the child has one thread of many, and whatever locks the others held.
#[cfg(all(unix, not(miri)))]
pub(super) fn in_forked_children(handler: extern "C" fn()) {
    // SAFETY: the call takes function pointers, of which ours is valid for as long as the program runs (the library is not
    // unloaded: it is linked statically, or has threads of its own). A failure, for want of memory, leaves forks unseen.
    unsafe {
        libc::pthread_atfork(None, None, Some(handler));
    }
}
