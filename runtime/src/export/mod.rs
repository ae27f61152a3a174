//! Ways out for finished spans: OTLP, the terminal, and any other exporter, each watched.

mod closing;
mod console;
mod exporter;
#[cfg(feature = "otlp")]
pub(crate) mod otlp;
mod watched;

pub use console::{ConsoleExporter, ConsoleExporterBuilder};

pub(crate) use closing::Closing;
pub(crate) use exporter::Exporter;
pub(crate) use watched::{Carrier, Failure, Watch, Watched};
