//! OTLP over HTTP/protobuf.

mod answer;
mod settings;
mod transport;

#[cfg(any(feature = "metrics", feature = "logs"))]
pub(crate) use settings::names;
pub(crate) use settings::{Names, OtlpSettings};
pub(crate) use transport::Transport;
