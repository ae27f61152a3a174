//! The synchronisation that logs are built of: the standard library's, or [loom]'s when it explores every interleaving
//! (`RUSTFLAGS="--cfg traced_loom" cargo test -p traced --lib recorder::log`).
//!
//! [loom]: https://docs.rs/loom

#[cfg(not(all(test, traced_loom)))]
mod imp {
    pub(crate) use std::sync::Arc;
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    /// A mutex that a panic does not poison.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(std::sync::Mutex::new(value))
        }

        #[inline]
        pub(crate) fn lock(&self) -> std::sync::MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
        }
    }
}

#[cfg(all(test, traced_loom))]
mod imp {
    pub(crate) use loom::sync::Arc;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    #[derive(Debug)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
        }
    }

    /// Tells loom of accesses to plain memory, by blocks of it: it then finds those that race.
    #[derive(Debug)]
    pub(crate) struct Watch(Vec<loom::cell::UnsafeCell<()>>);

    const BLOCK: usize = 1024;

    impl Watch {
        pub(crate) fn new(len: usize) -> Self {
            Self((0..len.div_ceil(BLOCK)).map(|_| loom::cell::UnsafeCell::new(())).collect())
        }

        pub(crate) fn read(&self, from: usize, len: usize) {
            for block in from / BLOCK..(from + len).div_ceil(BLOCK) {
                self.0[block].with(|_| ());
            }
        }

        pub(crate) fn write(&self, from: usize, len: usize) {
            for block in from / BLOCK..(from + len).div_ceil(BLOCK) {
                self.0[block].with_mut(|_| ());
            }
        }
    }
}

pub(crate) use imp::*;
