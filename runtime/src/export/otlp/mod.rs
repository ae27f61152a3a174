//! OTLP over HTTP/protobuf.

mod answer;
mod client;
mod settings;
mod transport;

#[cfg(any(feature = "metrics", feature = "logs"))]
pub(crate) use client::{client, compressed, root_cause};
#[cfg(any(feature = "metrics", feature = "logs"))]
pub(crate) use settings::names;
pub(crate) use settings::{Names, OtlpSettings};
pub(crate) use transport::Transport;
