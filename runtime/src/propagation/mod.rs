//! Trace context and baggage on the headers of HTTP requests.
//!
//! What is read and written is up to the propagators that are installed
//! ([`opentelemetry::global::set_text_map_propagator`]; [`Telemetry`](crate::Telemetry) does so by `OTEL_PROPAGATORS`):
//!
//! ```
//! use opentelemetry::trace::TraceContextExt;
//! # opentelemetry::global::set_text_map_propagator(opentelemetry_sdk::propagation::TraceContextPropagator::new());
//! let mut incoming = http::HeaderMap::new();
//! incoming.insert("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse().unwrap());
//! let context = traced::propagation::extract(&incoming);
//! assert!(context.span().span_context().is_remote());
//!
//! let mut outgoing = http::HeaderMap::new();
//! traced::propagation::inject_context(&context, &mut outgoing);
//! assert_eq!(outgoing["traceparent"], incoming["traceparent"]);
//! ```

mod headers;

pub use headers::{extract, extract_with, inject, inject_context};
