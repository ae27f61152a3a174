//! Client spans of `traced::postgres`, on a real server.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use opentelemetry::Value;
use opentelemetry::trace::{SpanKind, Status};
use traced::ErrorType as _;
use traced::postgres::tokio_postgres::error::SqlState;
use traced::postgres::{Client, Config, Error, ErrorSink, Manager, NoTls, bb8, get};
use traced::testing::{CapturedSpan, capture_async};
use traced_system_tests::{Database, Postgres};

type Pool = bb8::Pool<Manager<NoTls>>;

fn config(url: &str) -> Config {
    url.parse().unwrap()
}

async fn pool(url: &str, size: u32) -> Pool {
    bb8::Pool::builder()
        .max_size(size)
        .connection_timeout(Duration::from_secs(10))
        .build(Manager::new(config(url), NoTls))
        .await
        .unwrap()
}

/// A database of the test's own. It is dropped on another thread: dropping blocks, in a runtime of its own.
struct Books(Option<Database>);

impl Books {
    fn url(&self) -> &str {
        self.0.as_ref().expect("there until it is dropped").url()
    }
}

impl Drop for Books {
    fn drop(&mut self) {
        let database = self.0.take();
        std::thread::spawn(move || drop(database)).join().unwrap();
    }
}

/// A database with some books in it. Making it blocks, too.
async fn books() -> Option<Books> {
    tokio::task::spawn_blocking(make_books).await.unwrap()
}

fn make_books() -> Option<Books> {
    let database = Postgres::shared()?.database();
    database.execute("CREATE TABLE books (id bigint PRIMARY KEY, title text NOT NULL)");
    database.execute("CREATE TABLE users (email text UNIQUE)");
    database.execute("INSERT INTO books SELECT n, 'book ' || n FROM generate_series(1, 100) n");
    Some(Books(Some(database)))
}

fn text(span: &CapturedSpan, key: &str) -> Option<String> {
    span.attribute(key).map(|value| value.as_str().into_owned())
}

/// Runs `test` with a client on a database of its own, outside any capture.
async fn with_client(test: impl AsyncFnOnce(&mut Client, &Config)) {
    let Some(database) = books().await else { return };
    let pool = pool(database.url(), 1).await;
    test(&mut pool.get().await.unwrap(), &config(database.url())).await;
}

#[tokio::test]
async fn a_query_is_a_client_span_with_the_conventions_attributes() {
    with_client(async |client, config| {
        let sql = "SELECT id, title FROM books WHERE id < $1 ORDER BY id";
        let (rows, spans) = capture_async(client.query(sql, &[&4_i64])).await;
        assert_eq!(rows.unwrap().len(), 3);
        assert_eq!(spans.len(), 1);
        let span = &spans[0];
        assert_eq!((span.name.as_str(), &span.kind, &span.status), ("SELECT books", &SpanKind::Client, &Status::Unset));
        let mut seen: Vec<(&str, Value)> =
            span.attributes.iter().map(|kv| (kv.key.as_str(), kv.value.clone())).collect();
        seen.sort_by_key(|(key, _)| *key);
        let expected: Vec<(&str, Value)> = vec![
            ("db.collection.name", "books".into()),
            ("db.namespace", config.get_dbname().unwrap().to_owned().into()),
            ("db.operation.name", "SELECT".into()),
            ("db.query.summary", "SELECT books".into()),
            ("db.query.text", sql.into()),
            ("db.response.returned_rows", Value::I64(3)),
            ("db.system.name", "postgresql".into()),
            ("server.address", "127.0.0.1".into()),
            ("server.port", Value::I64(i64::from(config.get_ports()[0]))),
        ];
        assert_eq!(seen, expected);
    })
    .await;
}

#[tokio::test]
async fn a_taken_email_is_on_no_span_and_in_no_error_text() {
    const CANARY: &str = "canary@example.org";
    #[traced::traced]
    async fn register(client: &Client, email: &str) -> Result<u64, Error> {
        client.execute("INSERT INTO users (email) VALUES ($1)", &[&email]).await
    }
    with_client(async |client, _| {
        register(client, CANARY).await.unwrap();
        let (result, spans) = capture_async(register(client, CANARY)).await;
        let error = result.unwrap_err();
        // The server did quote it.
        assert!(error.as_db_error().unwrap().detail().unwrap().contains(CANARY));
        assert_eq!(error.code(), Some(&SqlState::UNIQUE_VIOLATION));
        assert_eq!((error.condition(), error.error_type()), (Some("unique_violation"), "23505"));
        for text in [format!("{error} {error:?} {error:#?}"), format!("{spans:?}")] {
            assert!(!text.contains("canary"), "{text}");
        }
        let span = spans.named("INSERT users");
        assert_eq!(text(span, "db.response.status_code").as_deref(), Some("23505"));
        assert_eq!(text(span, "error.type").as_deref(), Some("23505"));
        assert_eq!(span.status, Status::error("unique_violation (23505)"));
        assert_eq!(text(spans.named("register"), "error.type").as_deref(), Some("23505"));

        // This message quotes the value, too; and these statements are all text.
        let (_, spans) = capture_async(async {
            client.query("SELECT $1::text::integer", &[&CANARY]).await.unwrap_err();
            client.batch_execute(&format!("SELECT '{CANARY}'::integer")).await.unwrap_err();
            client.simple_query(&format!("SELECT '{CANARY}'")).await.unwrap();
            // The operator looks like a parameter.
            client.batch_execute(&format!("SELECT '[]'::jsonb ? '{CANARY}'")).await.unwrap();
        })
        .await;
        assert_eq!(spans.len(), 4);
        assert!(!format!("{spans:?}").contains("canary"), "{spans:?}");
        assert_eq!(text(&spans[1], "db.query.text").as_deref(), Some("SELECT ?::integer"));
        assert_eq!(spans[0].status, Status::error("invalid_text_representation (22P02)"));
    })
    .await;
}

#[tokio::test]
async fn every_way_to_send_a_statement_has_its_span() {
    with_client(async |client, _| {
        let (_, spans) = capture_async(async {
            client.query_one("SELECT title FROM books WHERE id = $1", &[&1_i64]).await.unwrap();
            client.query_opt("SELECT title FROM books WHERE id = $1", &[&0_i64]).await.unwrap();
            client.query_one("SELECT title FROM books WHERE id = $1", &[&0_i64]).await.unwrap_err();
            assert_eq!(client.execute("UPDATE books SET title = $1 WHERE id < 4", &[&"x"]).await.unwrap(), 3);
            let prepared = client.prepare("DELETE FROM books WHERE id = $1").await.unwrap();
            assert_eq!(client.execute(&prepared, &[&1_i64]).await.unwrap(), 1);
            client.batch_execute("DELETE FROM users; DELETE FROM books WHERE id = 2").await.unwrap();
        })
        .await;
        let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
        let expected = [
            "SELECT books",
            "SELECT books",
            "SELECT books",
            "UPDATE books",
            "PREPARE DELETE books",
            "DELETE books",
            "DELETE users DELETE books",
        ];
        assert_eq!(names, expected);
        let rows: Vec<_> = spans.iter().map(|span| span.attribute("db.response.returned_rows").cloned()).collect();
        assert_eq!(rows[..4], [Some(Value::I64(1)), Some(Value::I64(0)), None, None]);
        // The driver's own error, which no server sent.
        assert_eq!(text(&spans[2], "error.type").as_deref(), Some("_OTHER"));
        assert_eq!(
            text(&spans[6], "db.query.text").as_deref(),
            Some("DELETE FROM users; DELETE FROM books WHERE id = ?")
        );
        assert_eq!(text(&spans[4], "db.operation.name").as_deref(), Some("PREPARE"));
    })
    .await;
}

#[tokio::test]
async fn a_transaction_shows_its_beginning_and_its_end() {
    with_client(async |client, _| {
        let (_, spans) = capture_async(async {
            let transaction = client.transaction().await.unwrap();
            transaction.execute("DELETE FROM books WHERE id = $1", &[&1_i64]).await.unwrap();
            transaction.commit().await.unwrap();

            let mut transaction = client.build_transaction().read_only(false).start().await.unwrap();
            let inner = transaction.transaction().await.unwrap();
            inner.execute("DELETE FROM books WHERE id = $1", &[&2_i64]).await.unwrap();
            inner.rollback().await.unwrap();
            transaction.query("SELECT 1 FROM books WHERE id = $1", &[&2_i64]).await.unwrap();
            drop(transaction);
            assert_eq!(client.query("SELECT id FROM books", &[]).await.unwrap().len(), 99);
        })
        .await;
        let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
        let expected = [
            "BEGIN",
            "DELETE books",
            "COMMIT",
            "BEGIN",
            "SAVEPOINT",
            "DELETE books",
            "ROLLBACK",
            "SELECT books",
            "ROLLBACK",
            "SELECT books",
        ];
        assert_eq!(names, expected);
        assert_eq!(text(&spans[3], "db.query.text").as_deref(), Some("BEGIN READ WRITE"));
        assert_eq!(text(&spans[6], "db.query.text").as_deref(), Some("ROLLBACK TO sp_1"));
        assert_eq!(spans[8].attribute("traced.cancelled"), None);
    })
    .await;
}

#[tokio::test]
async fn a_stream_of_rows_ends_its_span_with_itself() {
    with_client(async |client, _| {
        let (_, spans) = capture_async(async {
            let mut rows = Box::pin(client.query_raw("SELECT id FROM books WHERE id <= $1", [10_i64]).await.unwrap());
            assert!(traced::current().span_context().span_id().to_string().starts_with("0000"));
            let mut count = 0;
            while rows.try_next().await.unwrap().is_some() {
                count += 1;
            }
            assert_eq!(count, 10);
            let mut rows = Box::pin(client.query_raw("SELECT id FROM books WHERE id <= $1", [10_i64]).await.unwrap());
            rows.try_next().await.unwrap();
            drop(rows);
            client
                .query_raw("SELECT id / 0 FROM books WHERE id = $1", [1_i64])
                .await
                .unwrap()
                .try_collect::<Vec<_>>()
                .await
                .unwrap_err();
        })
        .await;
        assert_eq!(spans.len(), 3);
        assert_eq!(spans[0].attribute("db.response.returned_rows"), Some(&Value::I64(10)));
        assert_eq!(spans[0].attribute("traced.cancelled"), None);
        assert_eq!(spans[1].attribute("traced.cancelled"), Some(&Value::Bool(true)));
        assert_eq!(text(&spans[2], "error.type").as_deref(), Some("22012"));
    })
    .await;
}

#[tokio::test]
async fn statements_are_prepared_once_and_again_when_their_tables_change() {
    with_client(async |client, _| {
        let prepared = "SELECT count(*) FROM pg_prepared_statements";
        let count = async |client: &Client| -> i64 { client.query_one(prepared, &[]).await.unwrap().get(0) };
        let before = count(client).await;
        for id in 0..5_i64 {
            client.query("SELECT * FROM books WHERE id = $1", &[&id]).await.unwrap();
        }
        assert_eq!(count(client).await, before + 1);

        client.batch_execute("ALTER TABLE books ADD COLUMN price bigint").await.unwrap();
        let row = client.query_one("SELECT * FROM books WHERE id = $1", &[&1_i64]).await.unwrap();
        assert_eq!(row.columns().len(), 3);

        client.batch_execute("DEALLOCATE ALL").await.unwrap();
        let (rows, spans) = capture_async(client.query("SELECT * FROM books WHERE id = $1", &[&1_i64])).await;
        assert_eq!(rows.unwrap().len(), 1);
        assert_eq!((spans.len(), &spans[0].status), (1, &Status::Unset));
    })
    .await;
}

#[tokio::test]
async fn statements_tell_the_server_their_span_when_asked_to() {
    const MYSELF: &str = "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()";
    let Some(database) = books().await else { return };
    let manager = Manager::new(config(database.url()), NoTls).sqlcommenter();
    let pool: Pool = bb8::Pool::builder().max_size(1).build(manager).await.unwrap();
    let client = pool.get().await.unwrap();
    let comment =
        |span: &CapturedSpan| format!("/*traceparent='00-{}-{}-01'*/", span.span_context.trace_id(), span.span_id());
    let (seen, spans) = capture_async(async {
        let mut seen: Vec<String> = Vec::new();
        seen.push(client.query_one(MYSELF, &[]).await.unwrap().get(0));
        seen.push(client.query_one(&format!("{MYSELF} -- mine"), &[]).await.unwrap().get(0));
        let mut rows = Box::pin(client.query_raw(MYSELF, [0_i64; 0]).await.unwrap());
        seen.push(rows.try_next().await.unwrap().unwrap().get(0));
        drop(rows);
        let simple = client.simple_query(MYSELF).await.unwrap();
        let row = simple.iter().find_map(|message| match message {
            traced::postgres::tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        seen.push(row.unwrap().to_owned());
        // What is prepared stays as it was.
        let prepared = client.prepare(MYSELF).await.unwrap();
        seen.push(client.query_one(&prepared, &[]).await.unwrap().get(0));
        seen
    })
    .await;
    assert_eq!(seen[0], format!("{MYSELF} {}", comment(&spans[0])));
    assert_eq!(seen[1], format!("{MYSELF} -- mine\n{}", comment(&spans[1])));
    assert_eq!(seen[2], format!("{MYSELF} {}", comment(&spans[2])));
    assert_eq!(seen[3], format!("{MYSELF} {}", comment(&spans[3])));
    assert_eq!(seen[4], MYSELF);
    assert!(!format!("{spans:?}").contains("traceparent"), "{spans:?}");

    // Nobody records: it is kept prepared, as without.
    let count = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%/' || '*traceparent%'";
    let unsampled: String = client.query_one(MYSELF, &[]).await.unwrap().get(0);
    assert_eq!(unsampled, MYSELF);
    let left: i64 = client.query_one(count, &[]).await.unwrap().get(0);
    assert_eq!(left, 0, "those with comments are gone");
}

#[tokio::test]
async fn a_query_that_is_given_up_is_cancelled() {
    with_client(async |client, _| {
        let (result, spans) =
            capture_async(tokio::time::timeout(Duration::from_millis(50), client.query("SELECT pg_sleep(1)", &[])))
                .await;
        result.unwrap_err();
        assert_eq!(spans[0].attribute("traced.cancelled"), Some(&Value::Bool(true)));
        assert_eq!(spans[0].status, Status::Unset);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_statements_nest_under_their_callers_and_waiting_shows() {
    #[traced::traced(attrs(book.id = id))]
    async fn find(pool: &Pool, id: i64) -> String {
        let client = get(pool).await.unwrap();
        let sql = format!("SELECT title FROM books WHERE id = $1 AND {id} = {id}");
        client.query_one(&sql, &[&id]).await.unwrap().get(0)
    }
    let Some(database) = books().await else { return };
    let pool = pool(database.url(), 4).await;
    let (_, spans) = capture_async(async {
        let mut tasks = tokio::task::JoinSet::new();
        for id in 1..=100_i64 {
            let pool = pool.clone();
            let task = traced::spawn(async move { assert_eq!(find(&pool, id).await, format!("book {id}")) });
            tasks.spawn(async move { task.await.unwrap() });
        }
        tasks.join_all().await;
    })
    .await;
    let callers: std::collections::HashMap<_, _> =
        spans.iter().filter(|span| span.name == "find").map(|span| (span.span_id(), span)).collect();
    let selects: Vec<_> = spans.iter().filter(|span| span.name == "SELECT books").collect();
    assert_eq!((callers.len(), selects.len()), (100, 100));
    for select in selects {
        let caller = callers[&select.parent_span_id];
        let Some(Value::I64(id)) = caller.attribute("book.id") else { panic!("{caller:?}") };
        let sql = text(select, "db.query.text").unwrap();
        assert!(sql.ends_with(&format!(" {id} = {id}")), "{sql} under {id}");
    }
    for wait in spans.iter().filter(|span| span.name == "wait for connection") {
        assert!(callers.contains_key(&wait.parent_span_id));
    }

    // Held for longer than is not worth telling.
    let pool = self::pool(database.url(), 1).await;
    let held = pool.get().await.unwrap();
    let (_, spans) = capture_async(async {
        let (client, _) = tokio::join!(get(&pool), async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            drop(held);
        });
        drop(client);
    })
    .await;
    assert_eq!(text(spans.named("wait for connection"), "db.system.name").as_deref(), Some("postgresql"));
}

#[tokio::test]
async fn why_no_connection_can_be_made_is_told_without_the_password() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let causes = ErrorSink::new();
    let manager = Manager::new(config(&format!("postgres://u:canary@127.0.0.1:{port}/d")), NoTls);
    assert!(!format!("{manager:?}").contains("canary"));
    let pool = bb8::Pool::builder()
        .connection_timeout(Duration::from_millis(300))
        .error_sink(Box::new(causes.clone()))
        .build_unchecked(manager);
    let (result, spans) = capture_async(get(&pool)).await;
    result.unwrap_err();
    let cause = causes.last().unwrap();
    assert!(cause.starts_with("error connecting to server: Connection refused"), "{cause}");
    let wait = spans.named("wait for connection");
    assert_eq!(text(wait, "error.type").as_deref(), Some("timeout"));

    let Some(database) = books().await else { return };
    let mut wrong = config(database.url());
    wrong.password("canary");
    let refused = bb8::ManageConnection::connect(&Manager::new(wrong, NoTls)).await.unwrap_err();
    assert_eq!(refused.to_string(), "invalid_password (28P01)");
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_is_replaced() {
    let Some(database) = books().await else { return };
    let pool = pool(database.url(), 1).await;
    {
        let client = pool.get().await.unwrap();
        let error = client.query("SELECT pg_terminate_backend(pg_backend_pid())", &[]).await.unwrap_err();
        assert!(error.code() == Some(&SqlState::ADMIN_SHUTDOWN) || error.is_closed(), "{error}");
    }
    let client = pool.get().await.unwrap();
    assert_eq!(client.query("SELECT id FROM books", &[]).await.unwrap().len(), 100);
}
