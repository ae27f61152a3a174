//! What metrics and log records have in common: which exporters the environment asks for, and OTLP over HTTP.

mod bounded;
mod exporters;
mod post;

use crate::export::otlp::Names;

pub(crate) use bounded::done_by;
#[cfg(feature = "logs")]
pub(crate) use bounded::over_by;
pub(crate) use exporters::Prometheus as PrometheusExporter;
pub(crate) use exporters::{Asked, asked};
pub(crate) use post::Post;

/// One signal, as the environment and warnings name it.
#[derive(Debug)]
pub(crate) struct Signal {
    /// As sentences call it: `metrics`.
    pub(crate) name: &'static str,
    /// The variable that names its exporters.
    pub(crate) exporter: &'static str,
    pub(crate) otlp: Names,
}
