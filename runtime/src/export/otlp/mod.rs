//! OTLP over HTTP/protobuf, and over gRPC.

mod answer;
mod client;
#[cfg(feature = "grpc")]
mod grpc;
mod sender;
mod settings;
mod transport;

#[cfg(any(feature = "metrics", feature = "logs"))]
pub(crate) use answer::rejected;
pub(crate) use sender::Sender;
pub use settings::OtlpProtocol;
#[cfg(any(feature = "metrics", feature = "logs"))]
pub(crate) use settings::names;
pub(crate) use settings::{Names, OtlpSettings};
pub(crate) use transport::Transport;
