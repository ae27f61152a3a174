//! What a pipeline of our own is made of.

use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{IdGenerator, Sampler, ShouldSample, SpanLimits};

use super::wire::Redact;

/// What a [`Pipeline`](super::Pipeline) of our own is made of.
#[derive(Debug)]
pub(crate) struct RecorderConfig {
    /// Who the spans are from.
    pub(crate) resource: Resource,
    pub(crate) sampler: Box<dyn ShouldSample>,
    pub(crate) settled: Settled,
    /// Entry attributes are evaluated before the sampler is asked, so that it sees them.
    pub(crate) sampler_sees_attributes: bool,
    pub(crate) limits: SpanLimits,
    /// How many characters a string value may have; without it, 64 KiB a value.
    pub(crate) value_length: Option<usize>,
    pub(crate) redactor: Option<Redactor>,
    /// Where ids come from, if not from the recorder.
    pub(crate) id_generator: Option<Box<dyn IdGenerator>>,
    pub(crate) schedule: Schedule,
}

/// What is known of a sampler, so that it need not be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Settled {
    /// It follows the flag of a valid parent, whatever else it does.
    pub(crate) parent_based: bool,
    /// It samples every span without a parent, and has nothing to add.
    pub(crate) records_roots: bool,
}

/// A function that sees every string before it is encoded.
pub(crate) struct Redactor(pub(crate) Box<Redact>);

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

/// When finished spans leave, and how many may wait: `OTEL_BSP_*`.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    /// How much memory finished spans may take.
    pub(crate) max_queue_bytes: usize,
    /// How many spans may wait; without it, as many as the memory takes.
    pub(crate) max_queue_size: Option<usize>,
    /// How many spans go out at once; without it, as many as a request takes.
    pub(crate) max_batch_size: Option<usize>,
    /// How long spans wait at most before they are sent.
    pub(crate) delay: Duration,
    /// How long an export may take, and so may a flush.
    pub(crate) export_timeout: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            max_queue_bytes: 64 * 1024 * 1024,
            max_queue_size: None,
            max_batch_size: None,
            delay: Duration::from_secs(5),
            export_timeout: Duration::from_secs(30),
        }
    }
}

impl Default for RecorderConfig {
    fn default() -> Self {
        Self {
            resource: Resource::builder_empty().build(),
            sampler: Box::new(Sampler::ParentBased(Box::new(Sampler::AlwaysOn))),
            settled: Settled { parent_based: true, records_roots: true },
            sampler_sees_attributes: false,
            limits: SpanLimits::default(),
            value_length: None,
            redactor: None,
            id_generator: None,
            schedule: Schedule::default(),
        }
    }
}
