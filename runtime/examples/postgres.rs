//! Client spans of PostgreSQL statements:
//! `DATABASE_URL=postgres://.. cargo run -p traced --features postgres --example postgres`.

use traced::postgres::{Client, Config, Error, ErrorSink, Manager, NoTls, bb8, get};
use traced::{Telemetry, traced};

#[traced(attrs(book.title = title))]
async fn add_book(client: &mut Client, title: &str) -> Result<i64, Error> {
    let transaction = client.transaction().await?;
    let row = transaction.query_one("INSERT INTO example_books (title) VALUES ($1) RETURNING id", &[&title]).await?;
    transaction.commit().await?;
    Ok(row.get(0))
}

#[traced]
async fn run(client: &mut Client) -> Result<(), Error> {
    client.batch_execute("CREATE TEMP TABLE example_books (id bigserial, title text UNIQUE)").await?;
    let id = add_book(client, "Dune").await?;
    client.query_opt("SELECT title FROM example_books WHERE id = $1", &[&id]).await?;
    // Its span tells `unique_violation (23505)`, and not the title that is taken.
    add_book(client, "Dune").await.map(drop)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let telemetry = Telemetry::builder().service_name("postgres-example").console_when_unconfigured().install()?;
    let config: Config = std::env::var("DATABASE_URL")?.parse()?;

    let causes = ErrorSink::new();
    let pool = bb8::Pool::builder()
        .connection_timeout(std::time::Duration::from_secs(3))
        .error_sink(Box::new(causes.clone()))
        .build_unchecked(Manager::new(config, NoTls));
    let mut client = get(&pool).await.map_err(|error| causes.last().unwrap_or_else(|| error.to_string()))?;
    let result = run(&mut client).await;

    telemetry.shutdown()?;
    Ok(result?)
}
