//! Panics that pass through a span: recorded, then let go on.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use opentelemetry::trace::Status;

use crate::outcome::Exception;
use crate::recorder::OpenSpan;

/// A panic on its way.
pub(crate) struct Panic(Box<dyn Any + Send>);

/// Runs `body` and stops its panic, if any. The payload is needed for the message, and a drop guard can't see it.
///
/// Every caller resumes the unwinding at once, so nobody observes what it left half-done: `AssertUnwindSafe` changes
/// nothing.
pub(crate) fn caught<T>(body: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(body)).map_err(Panic)
}

/// Runs `body`; a panic is recorded on `span` and goes on.
pub(crate) fn recorded<T>(span: &OpenSpan, body: impl FnOnce() -> T) -> T {
    caught(body).unwrap_or_else(|panic| {
        panic.record(span);
        panic.resume()
    })
}

impl Panic {
    /// Records the panic as an error with its message.
    #[cold]
    pub(crate) fn record(&self, span: &OpenSpan) {
        let message = self.message();
        Exception::panic(Some(message)).record(span);
        span.set(&mut |fields| fields.slot("error.type").static_str("panic"));
        span.set_status(Status::error(format!("panicked: {message}")));
    }

    /// Lets it go on.
    pub(crate) fn resume(self) -> ! {
        resume_unwind(self.0)
    }

    fn message(&self) -> &str {
        let payload = &*self.0;
        payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("Box<dyn Any>")
    }
}
