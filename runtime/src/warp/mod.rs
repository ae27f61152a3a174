//! A server span for each request of a warp service.
//!
//! ```
//! use warp::Filter;
//!
//! let book = warp::path!("books" / i64)
//!     .and(traced::warp::route("/books/{id}"))
//!     .and(warp::get())
//!     .map(|id: i64| format!("book {id}"));
//! let health = warp::path!("health").map(|| "ok");
//!
//! let routes = traced::warp::trace()
//!     .exclude("/health")
//!     .correlation_id("x-correlation-id", "correlation.id")
//!     .wrap(book.or(health));
//!
//! let server = warp::serve(routes);
//! ```
//!
//! The span `GET /books/{id}` has kind server, continues the trace that the request's headers name (by the installed
//! propagators: [`opentelemetry::global::set_text_map_propagator`]), is current wherever the filters and handlers beneath
//! run, and carries the attributes of the stable [conventions for HTTP server
//! spans](https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span).
//!
//! It ends when the filters have made their answer; a body that is streamed afterwards is not part of it.

mod attach;
mod correlation;
mod exclude;
mod forwarded;
mod request;
mod route;
mod trace;

pub use correlation::correlation_id;
pub use route::route;
pub use trace::{Trace, trace};
