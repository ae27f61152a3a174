//! Metrics: of requests, of statements, of functions, and of the pipeline itself.
//!
//! [`Telemetry::builder`](crate::Telemetry::builder) sets them up with the traces. They go to the OTLP endpoint that the environment
//! names, once a minute, and nowhere if it names none; OTEL_METRICS_EXPORTER chooses (`otlp`, `prometheus`, `console`, `none`), as do OTEL_METRIC_EXPORT_INTERVAL,
//! OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE and the OTEL_EXPORTER_OTLP_METRICS_ variants of the OTLP variables. With
//! the feature `prometheus` they are a text that Prometheus reads:
//! [`Telemetry::prometheus`](crate::Telemetry::prometheus).
//!
//! ```sh
//! OTEL_METRICS_EXPORTER=console OTEL_METRIC_EXPORT_INTERVAL=5000 my-service   # lines on stderr
//! OTEL_METRICS_EXPORTER=otlp,prometheus OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318 my-service
//! ```
//!
//! ```
//! # #[cfg(feature = "prometheus")] {
//! # let environment = |name: &str| match name {
//! #     "OTEL_METRICS_EXPORTER" => Some("prometheus".to_owned()),
//! #     "OTEL_TRACES_EXPORTER" => Some("none".to_owned()),
//! #     _ => None,
//! # };
//! // With OTEL_METRICS_EXPORTER=prometheus the text is there without a word in code.
//! let telemetry = traced::Telemetry::builder().environment(environment).install()?;
//! assert!(telemetry.prometheus().is_some());
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | Instrument | Kind, unit | From | Conventions |
//! |---|---|---|---|
//! | `http.server.request.duration` | histogram, s | [`warp`](crate::warp) | stable |
//! | `http.server.active_requests` | up-down counter | [`warp`](crate::warp) | in development |
//! | `http.server.request.body.size`, `http.server.response.body.size` | histogram, By | [`warp`](crate::warp) | in development |
//! | `db.client.operation.duration` | histogram, s | [`database`](crate::database), `postgres`, `redis` | stable |
//! | `db.client.response.returned_rows` | histogram | [`database`](crate::database), `postgres` | in development |
//! | `db.client.connection.*` | see [`observe`](crate::database::observe) | pools | in development |
//! | `traced.function.duration` | histogram, s | `#[traced(metrics)]`; its count is that of the calls | own |
//! | `traced.function.active` | up-down counter | `#[traced(metrics)]` | own |
//! | `otel.sdk.span.started`, `otel.sdk.span.live` | counter, up-down counter | the pipeline | in development |
//! | `otel.sdk.processor.span.processed` | counter, by `error.type`: `queue_full`, `too_large`, `thread_ending`, `already_shutdown` | the pipeline | in development |
//! | `otel.sdk.processor.span.queue.size`, `.capacity` (where OTEL_BSP_MAX_QUEUE_SIZE sets one) | up-down counters | the pipeline | in development |
//! | `traced.queue.bytes`, `traced.queue.max_bytes` | up-down counters, By | the pipeline | own |
//! | `otel.sdk.exporter.span.exported` | counter, by `error.type`: the collector's status, `timeout`, `connect`, `rejected`, .. | each exporter | in development |
//! | `otel.sdk.exporter.span.inflight` | up-down counter | each exporter | in development |
//! | `otel.sdk.exporter.operation.duration` | histogram, s; one for each batch, its repetitions included | each exporter | in development |
//!
//! Names, units, attributes and buckets are those of the [semantic
//! conventions](https://opentelemetry.io/docs/specs/semconv/) 1.42.0, which a test holds them against. Measuring does not depend on sampling. The SDK keeps at
//! most 2,000 combinations of attributes of an instrument. It has a place for exemplars, and as of 0.33 neither fills it nor lets
//! anybody else: a point of a histogram names no trace yet.
//!
//! A function asks for its metrics with the word `metrics`, which may name them and give them attributes (of few values each:
//! every combination is a time series). `error.type` tells failed calls, `panic` and `cancelled` ones included:
//!
//! ```
//! #[traced::traced(metrics(name = "book.lookup", cache.hit = hit))]
//! fn lookup(hit: bool) -> Option<String> { hit.then(|| "Dune".to_owned()) }
//! # lookup(true);
//! ```
//!
//! gives `book.lookup.duration` and `book.lookup.active`, by `code.function.name`.
//!
//! The meter provider is also OpenTelemetry's global one: instruments of your own come from
//! [`opentelemetry::global::meter`].
//!
//! # Cost
//!
//! The SDK searches for the set of attributes with every measurement, which is most of what measuring costs. The feature
//! `bound-metrics` has it search only with the first two of a set between two collections; what is exported stays the same. It is a
//! feature of its own because it takes the SDK's `experimental_metrics_bound_instruments`, which may change in any release of
//! `opentelemetry`: switch it on in programs that lock their dependencies, not in libraries.
//!
//! ```toml
//! traced = { version = "0.1", features = ["warp", "prometheus", "bound-metrics"] }
//! ```

mod attribute_set;
#[cfg_attr(not(feature = "bound-metrics"), path = "unbound.rs")]
mod bound;
mod console;
mod database;
mod exporter;
mod function;
#[cfg(feature = "warp")]
mod http;
mod instruments;
mod pipeline;
mod plan;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod pool;
#[cfg(feature = "prometheus")]
mod prometheus;
mod remembered;
mod series;

pub(crate) use attribute_set::AttributeSet;
pub(crate) use database::Operation;
#[doc(hidden)]
pub use function::{Call, Measured, measure, measure_later, measured, measured_future, measured_stream};
#[cfg(feature = "warp")]
pub(crate) use http::Exchange;
#[cfg(any(feature = "postgres", feature = "redis"))]
pub(crate) use instruments::is_on;
pub(crate) use pipeline::exported;
pub(crate) use plan::{Given, Metrics, Plan};
#[cfg(any(feature = "postgres", feature = "redis"))]
pub(crate) use pool::{connection_created, connection_used, connection_waited};
#[cfg(feature = "prometheus")]
pub use prometheus::Prometheus;
