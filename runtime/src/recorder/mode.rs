//! What is recording at all, in two words that every span reads first.

use std::sync::atomic::{AtomicU32, Ordering};

use super::own::PipelineId;

/// Somebody records.
pub(super) const ON: u32 = 1;
/// Children of an unsampled parent are settled: nobody asks the sampler about them.
pub(super) const PARENT_BASED: u32 = 2;
/// A capture is under way: a context may say where its spans go.
pub(super) const CAPTURES: u32 = 4;
/// Roots of traces are settled, too: each is recorded.
pub(super) const RECORDS_ROOTS: u32 = 8;

static MODE: AtomicU32 = AtomicU32::new(0);
/// The installed pipeline, if it is one of ours; else 0.
static INSTALLED: AtomicU32 = AtomicU32::new(0);

/// What is recording at the moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mode {
    bits: Bits,
    pub(super) installed: Option<PipelineId>,
}

#[inline]
pub(super) fn get() -> Mode {
    let installed = PipelineId::from_number(INSTALLED.load(Ordering::Relaxed));
    Mode { bits: bits(), installed }
}

/// Of what is recording, all but the pipeline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bits(u32);

#[inline]
pub(super) fn bits() -> Bits {
    Bits(MODE.load(Ordering::Relaxed))
}

pub(super) fn set(bits: u32, installed: Option<PipelineId>) {
    INSTALLED.store(installed.map_or(0, PipelineId::number), Ordering::Relaxed);
    MODE.store(bits, Ordering::Relaxed);
}

/// Nothing records any more. Only stores, for the sake of forked children.
#[cfg(all(unix, not(miri)))]
pub(super) fn set_off() {
    MODE.store(0, Ordering::Relaxed);
    INSTALLED.store(0, Ordering::Relaxed);
}

impl Bits {
    #[inline]
    pub(super) fn has(self, bits: u32) -> bool {
        self.0 & bits == bits
    }
}

impl Mode {
    #[inline]
    pub(super) fn has(self, bits: u32) -> bool {
        self.bits.has(bits)
    }
}
