//! How a pipeline fares, in figures.

/// How the pipeline fares since it was installed: [`Telemetry::health`](crate::Telemetry::health).
///
/// With several exporters a span counts once for each, in what was exported, waits, and was lost on the way out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// Recorded spans that have started.
    pub started: u64,
    /// Spans that have started and not yet ended.
    pub open: u64,
    /// Ended spans that wait for export, or are being exported.
    pub queued: u64,
    /// How many bytes of memory ended spans take.
    pub queued_bytes: u64,
    /// How many bytes they may take; spans that end beyond that are dropped.
    pub max_queued_bytes: u64,
    /// Spans that an exporter took.
    pub exported: u64,
    /// Spans that were lost.
    pub dropped: Dropped,
    /// Batches that could not be delivered, or not at the first try.
    pub failed_batches: u64,
    /// What the exporter said last when it failed.
    pub last_error: Option<String>,
}

/// Spans that were lost, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// They ended faster than they were exported.
    pub queue_full: u64,
    /// One alone was larger than a request may be.
    pub too_large: u64,
    /// Their batch could not be delivered.
    pub export_failed: u64,
    /// The collector took their batch and refused them.
    pub rejected: u64,
    /// They ended after the telemetry was shut down, or had not been exported by then.
    pub shut_down: u64,
    /// Their thread was being torn down.
    pub thread_ending: u64,
}

impl Dropped {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.queue_full + self.too_large + self.export_failed + self.rejected + self.shut_down + self.thread_ending
    }
}
