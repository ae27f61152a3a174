//! Waiting for the SDK for as long as there is time, and no longer.

use std::sync::mpsc;
use std::time::Instant;

use opentelemetry_sdk::error::OTelSdkResult;

/// Does `work` on another thread and waits for it until `deadline`: the SDK may wait for as long as an exporter likes.
pub(crate) fn done_by(deadline: Instant, work: impl FnOnce() -> OTelSdkResult + Send + 'static) -> Result<(), String> {
    let (sender, done) = mpsc::sync_channel(1);
    let thread = std::thread::Builder::new().name("traced-flush".to_owned()).spawn(move || {
        // Nobody listens any more if this took too long.
        let _ = sender.send(work());
    });
    let left = deadline.saturating_duration_since(Instant::now());
    let done = thread.ok().and_then(|_| done.recv_timeout(left).ok());
    done.map_or_else(|| Err("it was not done in time".to_owned()), |done| done.map_err(|error| error.to_string()))
}
