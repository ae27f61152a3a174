//! Code of the application's whose panic goes no further.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work`; `None` if it panicked, with whatever.
///
/// What it left half-done is its own to look at, and it has to be ready for that: `AssertUnwindSafe` changes nothing.
pub(crate) fn contained<T>(work: impl FnOnce() -> T) -> Option<T> {
    let panic = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => return Some(done),
        Err(panic) => panic,
    };
    // What it panicked with may panic when it goes. What that panics with is left where it is.
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(again);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bomb(u32);

    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.0 > 0 {
                std::panic::panic_any(Self(self.0 - 1));
            }
        }
    }

    #[test]
    fn a_panic_whose_payload_panics_is_contained() {
        assert_eq!(contained(|| 1), Some(1));
        assert_eq!(contained(|| panic!("plain")), None::<()>);
        assert_eq!(contained(|| std::panic::panic_any(Bomb(3))), None::<()>);
    }
}
