//! Batches of spans to the collector.

use std::sync::Arc;

use super::super::{Carrier, Closing, Failure};
use super::answer::rejected;
use super::{OtlpSettings, Sender};
use crate::recorder::Outgoing;

/// Sends batches as they are in the logs.
#[derive(Debug)]
pub(crate) struct Transport {
    sender: Sender,
    /// The latest try has failed: the next one is not repeated at once.
    failing: bool,
}

impl Transport {
    pub(crate) fn new(settings: OtlpSettings, closing: Arc<Closing>) -> Result<Self, String> {
        Ok(Self { sender: Sender::new(settings, closing)?, failing: false })
    }
}

impl Carrier for Transport {
    fn carry(&mut self, batch: &Outgoing) -> Result<u64, Failure> {
        let answer = self.sender.deliver(batch.request(), self.failing);
        self.failing = answer.is_err();
        Ok(rejected(&answer?))
    }
}
