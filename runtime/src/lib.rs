//! OpenTelemetry spans around Rust functions: one attribute, correct and cheap.

pub mod export;
mod outcome;
mod recorder;
mod span;
mod telemetry;
pub mod testing;
mod value;

#[doc(hidden)]
pub mod __private;

pub use opentelemetry;
pub use opentelemetry_sdk;

pub use outcome::ErrorType;
pub use span::{Current, Level, SpanGuard, current};
pub use telemetry::{Dropped, FlushError, Health, InvalidVariable, SetupError, Telemetry, TelemetryBuilder, Warning};
pub use traced_macros::traced;
pub use value::{Attributes, Fields, REDACTED, Redacted, Slot, Value};
