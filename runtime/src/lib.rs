//! OpenTelemetry spans around Rust functions: one attribute, correct and cheap.

pub mod database;
mod outcome;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "http")]
pub mod propagation;
mod recorder;
#[cfg(feature = "redis")]
pub mod redis;
mod span;
mod telemetry;
pub mod testing;
mod value;
#[cfg(feature = "warp")]
pub mod warp;

#[doc(hidden)]
pub mod __private;

pub use opentelemetry;
pub use opentelemetry_sdk;

pub use outcome::ErrorType;
pub use span::{Current, Level, SpanGuard, current};
pub use telemetry::Telemetry;
pub use traced_macros::traced;
pub use value::{Attributes, Fields, REDACTED, Redacted, Slot, Value};
