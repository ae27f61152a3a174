//! A forked child records nothing: it has no collector thread, and its parent has the same spans.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

static FORKED: AtomicBool = AtomicBool::new(false);

/// Whether this process is a fork of the one that set up recording.
#[inline]
pub(crate) fn is_forked() -> bool {
    FORKED.load(Ordering::Relaxed)
}

/// Has the child of a fork know that it is one, from now on.
pub(crate) fn watch() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        #[cfg(all(unix, not(miri)))]
        super::raw::in_forked_children(in_child);
    });
}

/// Only stores to atomics: all that is safe in the child of a process with threads.
#[cfg(all(unix, not(miri)))]
extern "C" fn in_child() {
    FORKED.store(true, Ordering::Relaxed);
    super::mode::set_off();
}
