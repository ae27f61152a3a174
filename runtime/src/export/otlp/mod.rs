//! OTLP over HTTP/protobuf.

mod answer;
mod settings;
mod transport;

pub(crate) use settings::OtlpSettings;
#[cfg(any(feature = "metrics", feature = "logs"))]
pub(crate) use settings::{Names, names};
pub(crate) use transport::Transport;
