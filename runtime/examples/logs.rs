//! Log records of `tracing` and `log`, each with the ids of its span: `cargo run -p traced --features logs --example logs`.
//! `LOG_FORMAT=json` writes JSON, `RUST_LOG=debug` more of it. With `OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318` they go
//! there by OTLP, too, and `OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN=logs` makes a log record of the error.

use traced::logs::Logs;
use traced::{ErrorType, Telemetry, traced};

#[derive(Debug, ErrorType)]
#[error_type("out_of_stock")]
struct OutOfStock {
    left: u32,
}

impl std::fmt::Display for OutOfStock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} copies are left", self.left)
    }
}

impl std::error::Error for OutOfStock {}

#[traced(attrs(book.id = id, copies))]
async fn reserve(id: i64, copies: u32) -> Result<u32, OutOfStock> {
    tracing::info!(book.id = id, copies, "reserving");
    if copies > 3 {
        // What libraries say through `log` has the same ids.
        log::warn!("only 3 copies of book {id}");
        return Err(OutOfStock { left: 3 });
    }
    tracing::debug!(left = 3 - copies, "reserved");
    Ok(copies)
}

/// Reserves some copies.
#[tokio::main]
pub async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let json = std::env::var("LOG_FORMAT").is_ok_and(|format| format == "json");
    let telemetry = Telemetry::builder()
        .service_name("logs-example")
        .console_when_unconfigured()
        // The one line: to stderr as text or JSON, and by OTLP where the environment names an endpoint.
        .logs(if json { Logs::json() } else { Logs::text() })
        .install()?;
    tracing::info!("outside of every span: no ids");
    let _ = reserve(7, 2).await;
    let _ = reserve(7, 5).await;
    telemetry.shutdown()?;
    Ok(())
}
