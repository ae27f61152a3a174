//! One message over OTLP, and what has to be said when it fails.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use opentelemetry::Context;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use prost::Message;

use super::Signal;
use crate::export::otlp::{OtlpSettings, Sender};
use crate::export::{Closing, Failure};
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
        let result = self.sender.deliver(message.encode_to_vec().into(), failing);
        self.report(&result);
        result.map(drop).map_err(|failure| OTelSdkError::InternalFailure(failure.reason))
    }

    fn report(&self, result: &Result<Bytes, Failure>) {
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        let warning = match result {
            Ok(_) => outage.succeeded(Instant::now(), self.sender.destination()),
            Err(failure) => outage.failed(Instant::now(), self.sender.destination(), &failure.reason, 0),
        };
        drop(outage);
        if let Some(warning) = warning {
            self.reporter.warn(&warning.about(self.signal.name));
        }
    }
}
