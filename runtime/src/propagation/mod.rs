//! Trace context and baggage from process to process.
//!
//! Which headers carry them is up to the propagators that are installed: [`Telemetry`](crate::Telemetry) does so by
//! `OTEL_PROPAGATORS`, [`opentelemetry::global::set_text_map_propagator`] by hand. Those of this module are stricter than
//! the SDK's: what is no valid header is as if it were not there, and never a part of one.
//!
//! With the feature `http` they are read from and written to [`http::HeaderMap`]:
//!
//! ```
//! # #[cfg(feature = "http")] {
//! use opentelemetry::trace::TraceContextExt;
//!
//! opentelemetry::global::set_text_map_propagator(traced::propagation::TraceContext::new());
//! let mut incoming = http::HeaderMap::new();
//! incoming.insert("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse().unwrap());
//! let context = traced::propagation::extract(&incoming);
//! assert!(context.span().span_context().is_remote());
//!
//! let mut outgoing = http::HeaderMap::new();
//! traced::propagation::inject_context(&context, &mut outgoing);
//! assert_eq!(outgoing["traceparent"], incoming["traceparent"]);
//! # }
//! ```

mod b3;
mod baggage;
mod ids;
mod jaeger;
mod percent;
mod trace_context;

#[cfg(feature = "http")]
mod client;
#[cfg(feature = "http")]
mod headers;
#[cfg(feature = "http")]
pub(crate) mod url;

pub use b3::B3;
pub use baggage::Baggage;
#[cfg(feature = "http")]
pub use client::{Request, Response, send};
#[cfg(feature = "http")]
pub use headers::{extract, extract_with, inject, inject_context};
pub use jaeger::Jaeger;
pub use trace_context::TraceContext;
