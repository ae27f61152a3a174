use super::{summary, summary_in};
use crate::database::scan::Dialect;

#[test]
fn statements_are_summarised_by_what_they_do() {
    let cases = [
        ("SELECT * FROM books", "SELECT books"),
        ("select id from public.books where id = $1", "SELECT public.books"),
        ("SELECT * FROM \"books\" b, users AS u WHERE b.id = u.id", "SELECT books users"),
        ("SELECT * FROM \"my books\"", "SELECT \"my books\""),
        ("SELECT b.* FROM books b LEFT JOIN users u ON u.id = b.owner_id", "SELECT books users"),
        ("INSERT INTO books (title, author) VALUES ($1, $2) RETURNING id", "INSERT books"),
        ("INSERT INTO archive SELECT * FROM books", "INSERT archive SELECT books"),
        ("INSERT INTO books (isbn) VALUES ($1) ON CONFLICT (isbn) DO UPDATE SET title = $2", "INSERT books"),
        ("UPDATE books SET title = $1 WHERE id = $2", "UPDATE books"),
        ("UPDATE ONLY books SET title = $1", "UPDATE books"),
        ("DELETE FROM books WHERE id = $1", "DELETE books"),
        ("SELECT 1", "SELECT"),
        ("SELECT * FROM books WHERE id = $1 FOR UPDATE", "SELECT books"),
        ("SELECT extract(epoch FROM created_at) FROM books", "SELECT books"),
        ("SELECT a IS DISTINCT FROM b FROM books", "SELECT books"),
        ("SELECT * FROM (SELECT * FROM books) x", "SELECT SELECT books"),
        ("SELECT * FROM generate_series(1, 10)", "SELECT"),
        ("WITH recent AS (SELECT * FROM books) SELECT * FROM recent", "SELECT books SELECT"),
        (
            "WITH gone AS (DELETE FROM books RETURNING *) INSERT INTO archive SELECT * FROM gone",
            "DELETE books INSERT archive SELECT",
        ),
        (
            "CREATE TABLE IF NOT EXISTS books (id bigint, owner bigint REFERENCES users ON DELETE CASCADE)",
            "CREATE TABLE books",
        ),
        ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS books_isbn ON books (isbn)", "CREATE INDEX books_isbn"),
        ("DROP TABLE IF EXISTS books", "DROP TABLE books"),
        ("ALTER TABLE books ADD COLUMN price numeric", "ALTER TABLE books"),
        ("TRUNCATE TABLE books", "TRUNCATE books"),
        ("BEGIN", "BEGIN"),
        ("START TRANSACTION ISOLATION LEVEL SERIALIZABLE", "START"),
        ("COMMIT; ", "COMMIT"),
        ("ROLLBACK TO sp_1", "ROLLBACK"),
        ("-- find it\nSELECT /* all /* of */ it */ * FROM books", "SELECT books"),
        ("SELECT 'FROM users' FROM books", "SELECT books"),
        ("SELECT $q$FROM users$q$ FROM books", "SELECT books"),
        ("SELECT 1; DELETE FROM books", "SELECT DELETE books"),
        ("MERGE INTO books USING incoming ON true WHEN MATCHED THEN UPDATE SET a = 1", "MERGE books incoming"),
        ("EXPLAIN SELECT * FROM books", "EXPLAIN SELECT books"),
        ("", ""),
        ("Bücher", ""),
        ("SELECT * FROM Bücher", "SELECT Bücher"),
    ];
    for (sql, expected) in cases {
        assert_eq!(summary(sql).as_str(), expected, "{sql}");
    }
}

#[test]
fn literals_are_replaced_where_no_parameters_hold_the_values() {
    let cases = [
        (
            "SELECT * FROM users WHERE email = 'ada@example.org' AND age > 41.5e+3",
            "SELECT * FROM users WHERE email = ? AND age > ?",
        ),
        ("SELECT E'it\\'s', 'it''s', $$se$cret$$, x'ff', -1", "SELECT ?, ?, ?, ?, -?"),
        ("SELECT 1 -- secret\n FROM t1 /* secret */ WHERE a::text = 'x'", "SELECT ? FROM t1 WHERE a::text = ?"),
        ("SELECT 'unterminated secret", "SELECT ?"),
        ("SELECT E'unterminated\\", "SELECT ?"),
    ];
    for (sql, expected) in cases {
        assert_eq!(summary_in(Dialect::PostgreSql, sql).sanitized(), Some(expected), "{sql}");
    }
    assert_eq!(summary_in(Dialect::PostgreSql, "SELECT a FROM t WHERE b = $1 LIMIT 10").sanitized(), None);
    assert_eq!(summary_in(Dialect::PostgreSql, "SELECT a FROM t").sanitized(), None);
}

#[test]
fn what_counts_as_a_parameter_or_a_literal_is_up_to_the_database() {
    let cases = [
        ("postgresql", "SELECT a FROM t WHERE data ? 'CANARY'"),
        ("postgresql", "SELECT a FROM t WHERE data ?| array['CANARY']"),
        ("postgresql", "SELECT a[1:n] FROM t WHERE b = 'CANARY'"),
        ("postgresql", "SELECT a FROM t WHERE b @> 'CANARY' AND c @@ d AND e = @f"),
        ("postgresql", "SELECT tag$x$ FROM t WHERE a = 'b$x$' OR a = 'CANARY'"),
        ("mysql", "SELECT a FROM t WHERE b = \"CANARY\""),
        ("mysql", "SELECT a FROM t WHERE b = 'it\\'s CANARY'"),
        ("mariadb", "SELECT a FROM t WHERE b = \"it\\\"s CANARY\""),
        ("mysql", "SELECT a FROM t # it's CANARY\nWHERE b = 'CANARY'"),
        ("mysql", "SELECT 1--'CANARY'"),
        ("mysql", "SELECT @a := 'CANARY'"),
        ("mysql", "SELECT /* /* */ 'CANARY' /* */"),
        ("sqlite", "SELECT a FROM t WHERE b = \"CANARY\""),
        ("sqlite", "SELECT a FROM t WHERE b LIKE \"CANARY\" OR c IN (\"CANARY\", \"CANARY\")"),
        ("sqlite", "SELECT lower(\"CANARY\"), \"CANARY\" || x FROM json_each(\"CANARY\")"),
        ("sqlite", "INSERT INTO \"t\" (\"a\", \"b\") VALUES (\"CANARY\", \"CANARY\")"),
        ("sqlite", "SELECT a FROM t WHERE b = \"said \"\"no\"\". CANARY\""),
        ("sqlite", "UPDATE \"t\" SET a = \"CANARY\""),
        ("sqlite", "SELECT a FROM t WHERE b = 'C:\\' OR b = 'CANARY'"),
        ("other", "SELECT a FROM t WHERE b = ? AND c = 'CANARY'"),
        ("other", "SELECT a FROM t WHERE b = $1 AND c = :d AND e = \"CANARY\""),
        ("other", "SELECT a FROM t WHERE b = 'it\\'s CANARY' OR c = 'CANARY'"),
        ("other", "SELECT a FROM t WHERE b = 'C:\\' OR c = 'CANARY'"),
    ];
    for (system, sql) in cases {
        let made = summary_in(Dialect::of(system), sql);
        let text = made.sanitized().unwrap_or(sql);
        assert!(!format!("{text}{made:?}").contains("CANARY"), "{system}: {sql}: {text}");
    }
    let parameters = [
        ("postgresql", "SELECT a FROM t WHERE b = $1 LIMIT 10"),
        ("mysql", "SELECT a FROM t WHERE b = ? LIMIT 10"),
        ("sqlite", "SELECT a FROM t WHERE b = ? LIMIT 10"),
        ("sqlite", "SELECT a FROM t WHERE b = ?1 LIMIT 10"),
        ("sqlite", "SELECT a FROM t WHERE b = :b LIMIT 10"),
        ("sqlite", "SELECT a FROM t WHERE b = @b LIMIT 10"),
        ("sqlite", "SELECT a FROM t WHERE b = $b LIMIT 10"),
    ];
    for (system, sql) in parameters {
        assert_eq!(summary_in(Dialect::of(system), sql).sanitized(), None, "{system}: {sql}");
    }
    let names = [
        (
            "INSERT INTO \"t\" (\"a\", \"b\") VALUES (\"x\", 'y')",
            "INSERT INTO \"t\" (\"a\", \"b\") VALUES (?, ?)",
            "INSERT t",
        ),
        (
            "SELECT \"t\".\"a\" FROM \"t\", \"u\" WHERE b = \"x\"",
            "SELECT \"t\".\"a\" FROM \"t\", \"u\" WHERE b = ?",
            "SELECT t u",
        ),
    ];
    for (sql, text, name) in names {
        let made = summary_in(Dialect::Sqlite, sql);
        assert_eq!((made.sanitized(), made.as_str()), (Some(text), name));
    }
}

#[test]
fn operation_and_collection_are_told_when_there_is_one() {
    let one = summary("SELECT * FROM books WHERE id = $1");
    assert_eq!((one.operation(), one.collection()), (Some("SELECT"), Some("books")));
    let two = summary("INSERT INTO archive SELECT * FROM books");
    assert_eq!((two.operation(), two.collection()), (None, None));
    let none = summary("COMMIT");
    assert_eq!((none.operation(), none.collection()), (Some("COMMIT"), None));
}

#[test]
fn a_summary_is_at_most_255_characters_of_whole_words() {
    let tables: Vec<String> = (0..100).map(|n| format!("table_{n}")).collect();
    let long = summary(&format!("SELECT * FROM {}", tables.join(", ")));
    assert!(long.as_str().chars().count() <= 255);
    let last = long.as_str().rsplit(' ').next().unwrap();
    assert!(tables.iter().any(|table| table == last), "{last}");
    assert!(long.as_str().len() > 240);
}

/// Texts of pieces that open and close what the tokenizer follows, in every disorder.
#[test]
fn no_text_breaks_the_tokenizer() {
    const PIECES: &[&str] = &[
        "'",
        "\"",
        "`",
        "$",
        "$$",
        "$t$",
        "\\",
        "E'",
        "é",
        "日",
        "--",
        "/*",
        "*/",
        "(",
        ")",
        ",",
        ";",
        " FROM ",
        " SELECT ",
        " WITH x AS ",
        " INTO ",
        " UPDATE ",
        " JOIN ",
        " a",
        ".",
        "1e",
        "+",
        ":",
        "::",
        "?",
        "@",
        "\n",
        "\0",
        "x'",
        " AS ",
    ];
    // A generator of its own, so that a failure comes again.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..20_000 {
        let mut sql = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            sql.push_str(PIECES[(state >> 33) as usize % PIECES.len()]);
        }
        for dialect in [Dialect::PostgreSql, Dialect::MySql, Dialect::Sqlite, Dialect::Other] {
            let made = summary_in(dialect, &sql);
            assert!(made.as_str().chars().count() <= 255);
        }
    }
}

#[test]
fn a_statement_of_a_mebibyte_is_summarised_in_reasonable_time() {
    let started = std::time::Instant::now();
    for piece in ["(", "a,", "$", "\"a\".", "\"", "# ", "'x',", "FROM a ", "-- ", "SELECT "] {
        summary(&piece.repeat(1024 * 1024 / piece.len()));
    }
    // A busy machine takes some seconds; what looks at each piece again for each piece takes hours.
    assert!(started.elapsed().as_secs() < 300, "{:?}", started.elapsed());
}
