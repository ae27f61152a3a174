//! Ways out for finished spans: OTLP, the terminal, and any other exporter, each watched.

mod closing;
mod console;
mod metered;
#[cfg(feature = "otlp")]
pub(crate) mod otlp;

pub use console::ConsoleExporter;

pub(crate) use closing::Closing;
pub(crate) use metered::{Details, Watch, WatchedProcessor};
