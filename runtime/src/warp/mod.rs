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
//! It ends with the answer: with the last byte of a body that is streamed, whose making is in the span's context, too, and
//! else when warp has the answer. A client that hangs up before leaves a span with `traced.cancelled`. A panic is an error
//! on the span, with its message, and the client gets a plain 500 ([`Trace::on_panic`]).
//!
//! Where the program is compiled with `panic = "abort"`, nothing of this can be done about panics.

mod answering;
mod body;
mod correlation;
mod exclude;
mod forwarded;
mod recurring;
mod request;
mod route;
mod seal;
mod trace;

pub use correlation::correlation_id;
pub use route::route;
pub use trace::{Trace, trace};
