//! A client span that the service it calls continues: `cargo run -p traced --features reqwest,tokio --example http_client
//! http://localhost:8000/books/42`, with the example `warp` running.

use traced::propagation::send;
use traced::{Telemetry, traced};

#[traced(err(exception = type))]
async fn fetch(client: &reqwest::Client, url: &str) -> Result<String, reqwest::Error> {
    let request = client.get(url).build()?;
    let response = send(request, |request| client.execute(request)).await?;
    response.error_for_status()?.text().await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let telemetry = Telemetry::builder().service_name("http-client-example").console_when_unconfigured().install()?;
    let url = std::env::args().nth(1).unwrap_or_else(|| "http://localhost:8000/books/42".to_owned());
    let result = fetch(&reqwest::Client::new(), &url).await;
    telemetry.shutdown()?;
    result?;
    Ok(())
}
