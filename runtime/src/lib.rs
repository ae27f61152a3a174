//! OpenTelemetry spans around Rust functions: one attribute, correct and cheap.

#[cfg(feature = "enable")]
mod aside;
#[cfg(feature = "enable")]
mod carry;
#[cfg(feature = "enable")]
mod contained;
#[cfg(feature = "enable")]
pub mod database;
#[cfg(not(feature = "enable"))]
mod disabled;
#[cfg(feature = "enable")]
pub mod export;
mod health;
mod level;
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
    AsLink, AsParent, Current, Filter, FilterError, FlushError, FnExt, FutureExt, InvalidVariable, SetupError,
    SpanGuard, Telemetry, TelemetryBuilder, Warning, carry, current, opentelemetry,
};
#[cfg(all(not(feature = "enable"), feature = "tokio"))]
pub use disabled::{spawn, spawn_blocking};
#[cfg(feature = "otlp")]
pub use export::otlp::OtlpProtocol;
pub use health::{Dropped, Health};
pub use level::Level;
pub use outcome::ErrorType;
#[cfg(feature = "enable")]
pub use span::{AsLink, AsParent, Current, Filter, FilterError, FnExt, FutureExt, SpanGuard, current};
#[cfg(feature = "enable")]
pub use telemetry::{FlushError, InvalidVariable, SetupError, Telemetry, TelemetryBuilder, Warning};
#[doc = include_str!("../docs/attributes.md")]
#[doc(inline)]
pub use traced_macros::Attributes;
#[doc = include_str!("../docs/error_type.md")]
#[doc(inline)]
pub use traced_macros::ErrorType;
#[doc = include_str!("../docs/attr.md")]
#[doc(inline)]
pub use traced_macros::attr;
#[doc = include_str!("../docs/event.md")]
#[doc(inline)]
pub use traced_macros::event;
#[doc = include_str!("../docs/span.md")]
#[doc(inline)]
pub use traced_macros::span;
#[doc = include_str!("../docs/traced.md")]
#[doc(inline)]
pub use traced_macros::traced;
pub use value::{Attributes, Fields, REDACTED, Redacted, Slot, Value};
