//! Waiting for the SDK for as long as there is time, and no longer.

use std::time::Instant;

use opentelemetry_sdk::error::OTelSdkResult;

use crate::aside::{Aside, Begun};
use crate::telemetry::said;

/// Does `work` `aside` and waits for it until `deadline`: the SDK may wait for as long as an exporter likes.
pub(crate) fn done_by(
    deadline: Instant,
    aside: &Aside,
    work: impl FnOnce() -> OTelSdkResult + Send + 'static,
) -> Result<(), String> {
    over_by(deadline, aside.begin(work))
}

/// Waits until `deadline` for what has begun.
pub(crate) fn over_by(deadline: Instant, begun: Begun<OTelSdkResult>) -> Result<(), String> {
    let done = begun.wait(deadline).map_err(|undone| undone.to_string())?;
    done.map_err(|error| said(&error))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use opentelemetry_sdk::error::OTelSdkError;

    use super::*;

    fn told(work: impl FnOnce() -> OTelSdkResult + Send + 'static) -> Result<(), String> {
        done_by(Instant::now() + Duration::from_secs(300), &Aside::default(), work)
    }

    #[test]
    fn what_fails_or_panics_is_told_without_what_may_be_secret() {
        assert_eq!(told(|| Ok(())), Ok(()));
        let error = told(|| Err(OTelSdkError::InternalFailure("http://ada:pw@a?b".to_owned())));
        assert_eq!(error, Err("Operation failed: http://a".to_owned()));
        assert_eq!(told(|| panic!("pw")), Err("an exporter panicked".to_owned()));
        let late = done_by(Instant::now(), &Aside::default(), || {
            std::thread::park();
            Ok(())
        });
        assert_eq!(late, Err("it was not done in time".to_owned()));
    }
}
