//! OpenTelemetry spans around Rust functions: one attribute, correct and cheap.

#[cfg(feature = "enable")]
mod carry;
#[cfg(feature = "enable")]
pub mod database;
#[cfg(not(feature = "enable"))]
mod disabled;
#[cfg(feature = "enable")]
pub mod export;
#[cfg(feature = "logs")]
pub mod logs;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(all(feature = "enable", not(feature = "metrics")))]
#[path = "metrics/off.rs"]
mod metrics;
mod outcome;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "enable")]
pub mod propagation;
#[cfg(feature = "enable")]
mod recorder;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(any(feature = "metrics", feature = "logs"))]
mod signal;
#[cfg(feature = "enable")]
mod span;
#[cfg(feature = "enable")]
mod telemetry;
#[cfg(feature = "enable")]
pub mod testing;
mod value;
#[cfg(feature = "warp")]
pub mod warp;

#[doc(hidden)]
#[cfg_attr(not(feature = "enable"), path = "disabled/private.rs")]
pub mod __private;

#[cfg(feature = "enable")]
pub use opentelemetry;
#[cfg(feature = "enable")]
pub use opentelemetry_sdk;

#[cfg(feature = "enable")]
pub use carry::carry;
#[cfg(all(feature = "enable", feature = "tokio"))]
pub use carry::{spawn, spawn_blocking};
#[cfg(not(feature = "enable"))]
pub use disabled::{
    AsLink, AsParent, Current, Dropped, Filter, FilterError, FlushError, FnExt, FutureExt, Health, InvalidVariable,
    Level, SetupError, SpanGuard, Telemetry, TelemetryBuilder, Warning, carry, current, opentelemetry,
};
#[cfg(all(not(feature = "enable"), feature = "tokio"))]
pub use disabled::{spawn, spawn_blocking};
pub use outcome::ErrorType;
#[cfg(feature = "enable")]
pub use span::{AsLink, AsParent, Current, Filter, FilterError, FnExt, FutureExt, Level, SpanGuard, current};
#[cfg(feature = "enable")]
pub use telemetry::{Dropped, FlushError, Health, InvalidVariable, SetupError, Telemetry, TelemetryBuilder, Warning};
#[doc = include_str!("../docs/traced.md")]
#[doc(inline)]
pub use traced_macros::traced;
pub use traced_macros::{Attributes, ErrorType, attr, event, span};
pub use value::{Attributes, Fields, REDACTED, Redacted, Slot, Value};
