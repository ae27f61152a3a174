//! OpenTelemetry spans around Rust functions: one attribute, correct and cheap.

mod carry;
pub mod database;
pub mod export;
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

pub use carry::carry;
#[cfg(feature = "tokio")]
pub use carry::{spawn, spawn_blocking};
pub use outcome::ErrorType;
pub use span::{AsLink, AsParent, Current, Level, SpanGuard, current};
pub use telemetry::{Dropped, FlushError, Health, InvalidVariable, SetupError, Telemetry, TelemetryBuilder, Warning};
pub use traced_macros::{Attributes, ErrorType, attr, event, span, traced};
pub use value::{Attributes, Fields, REDACTED, Redacted, Slot, Value};
