//! A wrong environment ends the bookstore before it listens, with the variable and the remedy.

use std::net::TcpListener;
use std::time::Duration;

use traced_system_tests::{Postgres, Redis, Start, wait_until};

/// Starts the bookstore on a port that is taken: had it bound its port before it looked at the rest, the port would be its complaint.
#[track_caller]
fn refused(variables: &[(&str, &str)], culprit: &str, remedy: &str) {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let bind = taken.local_addr().expect("its address").to_string();
    let start =
        variables.iter().fold(Start::default().env("BIND", bind), |start, (name, value)| start.env(name, *value));
    let mut bookstore = start.launch();
    let exit = bookstore.process().wait(Duration::from_secs(15));
    let printed = bookstore.output();
    let exit = exit.unwrap_or_else(|| panic!("still runs with {variables:?}:\n{printed}"));
    assert_eq!(exit.code, 1, "{variables:?}:\n{printed}");
    assert!(printed.contains(culprit), "{culprit} is not named:\n{printed}");
    assert!(printed.contains(remedy), "no remedy ({remedy}):\n{printed}");
    assert!(!printed.contains("panicked") && !printed.contains("canary"), "{printed}");
}

#[test]
fn a_sampling_ratio_that_is_no_number() {
    let variables = [("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "abc")];
    refused(&variables, "OTEL_TRACES_SAMPLER_ARG", "abc");
}

#[test]
fn the_guides_sampling_rate_out_of_range() {
    refused(&[("OTEL_SAMPLING_RATE", "1.5")], "OTEL_SAMPLING_RATE", "1");
}

#[test]
fn an_endpoint_that_is_no_url() {
    refused(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "not a url")], "OTEL_EXPORTER_OTLP_ENDPOINT", "http");
}

#[test]
fn a_database_of_an_unknown_kind() {
    refused(&[("DATABASE_URL", "mysql://localhost/books"), ("SECRET_KEY", SECRET)], "DATABASE_URL", "postgres://");
}

#[test]
fn a_database_without_a_secret_key() {
    refused(&[("DATABASE_URL", "postgres://localhost/books")], "SECRET_KEY", "SECRET_KEY");
}

#[test]
fn a_token_lifetime_that_is_no_number() {
    refused(&[("ACCESS_TOKEN_EXPIRE_MINUTES", "soon")], "ACCESS_TOKEN_EXPIRE_MINUTES", "soon");
}

#[test]
fn an_address_that_is_none() {
    let mut bookstore = Start::default().env("BIND", "everywhere").launch();
    let exit = bookstore.process().wait(Duration::from_secs(15)).expect("it ends");
    assert_eq!(exit.code, 1, "{}", bookstore.output());
    assert!(bookstore.output().contains("BIND"), "{}", bookstore.output());
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let bind = taken.local_addr().expect("its address").to_string();
    let mut bookstore = Start::default().env("BIND", bind.clone()).launch();
    let exit = bookstore.process().wait(Duration::from_secs(15)).expect("it ends");
    assert_eq!(exit.code, 1, "{}", bookstore.output());
    assert!(bookstore.output().contains("BIND") && bookstore.output().contains(&bind), "{}", bookstore.output());
}

/// Nobody listens there: the port was free a moment ago, and is not handed out again at once.
fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    listener.local_addr().expect("its address").to_string()
}

const SECRET: &str = "canary-secret-key-of-more-than-32-bytes";

#[test]
fn a_database_that_does_not_answer() {
    let url = format!("postgres://shop:canary-url-password@{}/books", closed());
    let variables = [("DATABASE_URL", url.as_str()), ("SECRET_KEY", SECRET)];
    refused(&variables, "DATABASE_URL", "PostgreSQL");
}

/// Books can be read and sold without a cache, so that is no reason not to start; but it is said.
#[test]
fn a_cache_that_does_not_answer_is_said_so_and_gone_without() {
    let url = format!("redis://:canary-url-password@{}/0", closed());
    let bookstore = Start::unconfigured().env("REDIS_URL", url).ready();
    assert_eq!(bookstore.get("/books/").status, 200);
    let printed =
        wait_until(Duration::from_secs(10), || Some(bookstore.output()).filter(|said| said.contains("REDIS_URL")));
    let printed = printed.expect("a line that names the variable");
    assert!(!printed.contains("canary"), "{printed}");
}

#[test]
fn a_cache_url_that_is_none() {
    refused(&[("REDIS_URL", "http://localhost")], "REDIS_URL", "redis://");
}

#[test]
fn a_cache_that_refuses_its_password_or_database_is_wrong_configuration() {
    let Some(redis) = Redis::start_own() else { return };
    let (scheme, rest) = redis.url().split_once("://").expect("a URL");
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place).split('/').next().expect("a place");
    let unknown = format!("{scheme}://eve:canary-url-password@{place}/0");
    refused(&[("REDIS_URL", &unknown)], "REDIS_URL", "refuses its user and password");
    let index = format!(
        "{}/9999",
        redis.url().rsplit_once('/').filter(|(head, _)| head.len() > 8).map_or(redis.url(), |(head, _)| head)
    );
    refused(&[("REDIS_URL", &index)], "REDIS_URL", "no database of that number");
}

#[test]
fn a_database_that_the_server_does_not_have() {
    let Some(postgres) = Postgres::shared() else { return };
    let database = postgres.database();
    let (server, _) = database.url().rsplit_once('/').expect("a URL");
    let url = format!("{server}/no_such_books");
    refused(&[("DATABASE_URL", &url), ("SECRET_KEY", SECRET)], "DATABASE_URL", "CREATE DATABASE");
}

#[test]
fn a_password_that_the_database_refuses_is_not_printed() {
    let Some(postgres) = Postgres::shared() else { return };
    let database = postgres.database();
    let wrong = database.url().replace("canary-postgres-password", "canary-wrong-password");
    if wrong == database.url() {
        return; // a server of DATABASE_URL
    }
    let mut bookstore = Start::unconfigured().env("DATABASE_URL", wrong).env("SECRET_KEY", SECRET).launch();
    let exit = bookstore.process().wait(Duration::from_secs(15)).expect("it ends");
    let printed = bookstore.output();
    assert_eq!(exit.code, 1, "{printed}");
    assert!(printed.contains("DATABASE_URL") && !printed.contains("canary"), "{printed}");
    assert!(printed.contains("refuses this user"), "{printed}");
}
