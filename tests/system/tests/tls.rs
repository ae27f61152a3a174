//! The bookstore's PostgreSQL over TLS: what each `sslmode` believes, and what it says when it does not.

use bookstore::store::{PostgresStore, Server, Store};
use traced_system_tests::Postgres;

async fn connect(url: &str) -> Result<PostgresStore, String> {
    let store = PostgresStore::connect(&url.parse::<Server>().map_err(|error| error.to_string())?).await;
    let store = store.map_err(|error| error.to_string())?;
    store.ping().await.map_err(|error| error.to_string())?;
    Ok(store)
}

/// Runs what blocks off the runtime, as the start and end of servers do.
async fn off<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test]
async fn each_mode_believes_what_it_says() {
    let servers = off(|| Some((Postgres::start_own_with_tls()?, Postgres::start_own_with_tls()?))).await;
    let Some((server, other)) = servers else { return };
    let (server, database, root, foreign) = off(move || {
        let database = server.database();
        let (root, foreign) = (server.root_certificate(), other.root_certificate());
        // The other's directory has to stay as long.
        ((server, other), database, root, foreign)
    })
    .await;
    let by_address = database.url().to_owned();
    let by_name = by_address.replace("@127.0.0.1:", "@localhost:");
    assert_ne!(by_address, by_name);
    let (root, foreign) = (root.display(), foreign.display());
    let fine = [
        by_address.clone(),
        format!("{by_address}?sslmode=prefer"),
        format!("{by_address}?sslmode=require"),
        format!("{by_address}?sslmode=require&sslrootcert={root}"),
        format!("{by_address}?sslmode=verify-ca&sslrootcert={root}"),
        format!("{by_name}?sslmode=verify-full&sslrootcert={root}"),
    ];
    for url in fine {
        connect(&url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    }
    let refused = [
        // By the server's own rules: so the others did speak TLS.
        (format!("{by_address}?sslmode=disable"), "does not let it in from here"),
        (format!("{by_address}?sslmode=verify-full&sslrootcert={root}"), "not valid for name"),
        (format!("{by_address}?sslmode=verify-ca&sslrootcert={foreign}"), "invalid peer certificate"),
        (format!("{by_address}?sslmode=require&sslrootcert={foreign}"), "invalid peer certificate"),
        (format!("{by_name}?sslmode=verify-full"), "invalid peer certificate"),
        (format!("{by_name}?sslmode=verify-full&sslrootcert=/nowhere"), "no readable file of certificates"),
    ];
    for (url, told) in refused {
        let error = connect(&url).await.unwrap_err();
        assert!(error.contains(told), "{url}: {error}");
        assert!(!error.contains("canary"), "{error}");
    }
    off(move || drop((database, server))).await;
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_one_with_it() {
    let Some(server) = off(Postgres::start_own).await else { return };
    let url = server.url().to_owned();
    let error = connect(&format!("{url}?sslmode=require")).await.unwrap_err();
    assert!(error.contains("does not speak TLS") && error.contains("sslmode=prefer"), "{error}");
    connect(&format!("{url}?sslmode=prefer")).await.unwrap();
    off(move || drop(server)).await;
}
