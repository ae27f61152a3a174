//! The program: settings in, service up, signal, service down.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use tokio::net::TcpListener;
use traced::Telemetry;
use traced::opentelemetry::Context;
use traced::opentelemetry::trace::FutureExt as _;

use crate::auth::password::Cost;
use crate::config::{self, Config, ConfigError, Settings, otel};
use crate::{App, log, serve};

/// How long blocking work may take once the service has stopped.
const LEFT_OVER: Duration = Duration::from_millis(500);
/// How long the last spans may take to be delivered: with what precedes it, the program ends within five seconds.
const FLUSH: Duration = Duration::from_secs(2);

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Runs the service until SIGTERM or Ctrl-C. What it needs to be told comes from the environment, flags, and `.env`.
pub fn run() -> ExitCode {
    // Before there is a second thread, as changing the environment requires.
    let code = match read_environment().map_err(Failed::from).and_then(|()| start()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::line(format!("bookstore: error: {error}"));
            ExitCode::FAILURE
        }
    };
    log::flush();
    code
}

fn read_environment() -> Result<(), ConfigError> {
    config::check_texts(std::env::vars_os())?;
    let text = config::dotenv::read(Path::new(".env"))?;
    // Checked: there is nothing left that it can fail for.
    let _ = dotenvy::from_read(text.as_bytes());
    Ok(())
}

fn start() -> Result<(), Failed> {
    let config = Config::new(Settings::parse())?;
    otel::check(&environment)?;
    let telemetry = Telemetry::builder()
        .environment(|name| otel::standard(&environment, name))
        .resource_attribute("service.version", env!("CARGO_PKG_VERSION"))
        .console_when_unconfigured()
        .prometheus()
        .logs(otel::logs(&environment)?)
        .strict()
        .flush_timeout(FLUSH)
        .install()?;
    log::panics();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(run_service(&config, &telemetry));
    // First the requests that were not finished in time, so that their spans end; then the spans.
    runtime.shutdown_timeout(LEFT_OVER);
    if let Err(error) = telemetry.shutdown() {
        log::line(format!("bookstore: warning: the last traces: {error}"));
    }
    Ok(served?)
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

async fn run_service(config: &Config, telemetry: &Telemetry) -> Result<(), ConfigError> {
    let app = App::connect(config, Cost::RECOMMENDED).await?;
    if let Some(prometheus) = telemetry.prometheus() {
        app.serve_metrics(prometheus);
    }
    let listener = TcpListener::bind(&config.bind).await.map_err(|error| {
        let problem = format!("is {:?}, where nothing can listen: {error}", config.bind);
        ConfigError::new("BIND", problem, "Set it to a free HOST:PORT, e.g. BIND=127.0.0.1:8001")
    })?;
    announce(config, telemetry, &app, &listener).await;
    serve(app, listener, signalled()).await;
    Ok(())
}

async fn announce(config: &Config, telemetry: &Telemetry, app: &Arc<App>, listener: &TcpListener) {
    let address = listener.local_addr().map_or_else(|_| config.bind.clone(), |address| address.to_string());
    log::line(format!("bookstore {} listens at http://{address}", env!("CARGO_PKG_VERSION")));
    log::line("  docs:   ./docs/guide.md in the source");
    log::line(format!("  books:  {}", config.database.describe()));
    match &config.redis {
        None => log::line("  cache:  in this process"),
        Some(redis) if cache_answers(app).await => log::line(format!("  cache:  {}", redis.describe())),
        Some(redis) => log::line(format!(
            "  cache:  {} does not answer; going on without it until it does (REDIS_URL)",
            redis.describe()
        )),
    }
    let destination = telemetry.destination();
    log::line(format!("  traces: {}", otel::described(destination, &environment)));
    // Where they go nowhere, somebody said so.
    if !destination.contains("http") && !destination.contains("nowhere") {
        log::line(
            "          to see them in Jaeger: OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 (see ./docs/guide.md)",
        );
    }
    if config.secret_key_is_random {
        log::line("  tokens: signed with a random key; they end with this run. Set SECRET_KEY to keep them.");
    }
}

/// Asks the cache once, without a trace: nobody's request is behind it.
async fn cache_answers(app: &App) -> bool {
    app.shelf().ping().with_context(Context::current().with_telemetry_suppressed()).await.is_ok()
}

/// Completes at SIGTERM or Ctrl-C.
async fn signalled() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
