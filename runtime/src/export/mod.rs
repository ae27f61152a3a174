//! Ways out for finished spans: OTLP, the terminal, and any other exporter, each watched.

mod closing;
mod console;
mod metered;
#[cfg(feature = "otlp")]
pub(crate) mod otlp;

pub use console::{ConsoleExporter, ConsoleExporterBuilder};

pub(crate) use closing::Closing;
#[cfg(feature = "otlp")]
pub(crate) use metered::Details;
pub(crate) use metered::{Watch, WatchedProcessor};
