//! One message over OTLP, and what has to be said when it fails.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use opentelemetry::Context;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use prost::Message;

use super::Signal;
use crate::export::Closing;
use crate::export::otlp::{OtlpSettings, Sender, rejected};
use crate::telemetry::{Outage, Reporter};

/// Sends a signal's requests, for a thread that is nobody's runtime.
#[derive(Debug)]
pub(crate) struct Post {
    signal: &'static Signal,
    sender: Sender,
    reporter: Reporter,
    /// What was said; while requests fail they are not repeated.
    outage: Mutex<Outage>,
}

impl Post {
    pub(crate) fn new(
        signal: &'static Signal,
        settings: OtlpSettings,
        closing: Arc<Closing>,
        reporter: Reporter,
    ) -> Result<Self, String> {
        Ok(Self { signal, sender: Sender::new(settings, closing)?, reporter, outage: Mutex::default() })
    }

    /// Sends `message`; a failure is said, once and then at most once a minute.
    pub(crate) fn send(&self, message: &impl Message) -> OTelSdkResult {
        // Whoever traces HTTP clients must not trace this one.
        let _suppressed = Context::enter_telemetry_suppressed_scope();
        let failing = self.outage.lock().unwrap_or_else(PoisonError::into_inner).is_failing();
        let answer = self.sender.deliver(message.encode_to_vec().into(), failing);
        let result = answer.map_err(|failure| failure.reason).and_then(|answer| self.whole(&answer));
        self.report(&result);
        result.map_err(OTelSdkError::InternalFailure)
    }

    /// An error if the collector refused some of what it was sent. Why, it may say in words, which may quote anything.
    fn whole(&self, answer: &[u8]) -> Result<(), String> {
        match rejected(answer) {
            0 => Ok(()),
            _ => Err(format!("the collector refused some of the {}; its own log says why", self.signal.name)),
        }
    }

    fn report(&self, result: &Result<(), String>) {
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        let warning = match result {
            Ok(()) => outage.succeeded(Instant::now(), self.sender.destination()),
            Err(reason) => outage.failed(Instant::now(), self.sender.destination(), reason, 0),
        };
        drop(outage);
        if let Some(warning) = warning {
            self.reporter.warn(&warning.about(self.signal.name));
        }
    }
}
