//! OTLP over HTTP/protobuf.

mod answer;
mod settings;
mod transport;

pub(crate) use settings::OtlpSettings;
pub(crate) use transport::Transport;
