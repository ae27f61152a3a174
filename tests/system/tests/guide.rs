//! The guide's five curl commands, as the guide prints them, against the program as `cargo run -p bookstore` starts it.

use std::process::Command;
use std::time::Duration;

use traced_system_tests::{Bookstore, Start, client, program, wait_until};

const GUIDE: &str = include_str!("../../../docs/guide.md");

/// The commands of the guide's section "Generate test traffic".
fn commands() -> Vec<String> {
    let (_, section) = GUIDE.split_once("### 2. Generate test traffic").expect("the section");
    let (_, block) = section.split_once("```bash\n").expect("its commands");
    let (block, _) = block.split_once("```").expect("their end");
    let commands = block.split("\n\n").map(|command| {
        let lines = command.lines().filter(|line| !line.starts_with('#'));
        lines.collect::<Vec<_>>().join("\n")
    });
    commands.collect()
}

/// Runs a command of the guide with its placeholders filled in; gives the answer's body.
fn run(bookstore: &Bookstore, command: &str, token: &str) -> String {
    let server = bookstore.url("").replace("127.0.0.1", "localhost");
    let command = command.replace("http://localhost:8000", &server).replace("Bearer TOKEN", &format!("Bearer {token}"));
    if program("curl", []).is_none() {
        return send_as_curl_would(&command);
    }
    let output =
        Command::new("/bin/sh").args(["-c", &command.replacen("curl", "curl --silent --noproxy '*'", 1)]).output();
    let output = output.expect("sh runs");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// For machines without curl: the same request, from the same text.
fn send_as_curl_would(command: &str) -> String {
    let words = words(command);
    let mut words = words.iter().map(String::as_str).skip(1);
    let (mut method, mut url, mut headers, mut body) = ("GET", "", Vec::new(), "");
    while let Some(word) = words.next() {
        match word {
            "-X" => method = words.next().expect("a method"),
            "-H" => headers.extend(words.next().and_then(|header| header.split_once(": "))),
            "-d" => body = words.next().expect("a body"),
            _ => url = word,
        }
    }
    let method = method.parse().expect("a method");
    // The program listens on 127.0.0.1; unlike curl, this client does not try one address after the other.
    let mut request = client().request(method, url.replace("localhost", "127.0.0.1")).body(body.to_owned());
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().and_then(|answer| answer.text()).expect("an answer")
}

/// The words of a shell command without expansions.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    let mut characters = command.replace("\\\n", " ").chars().collect::<Vec<_>>().into_iter();
    let mut started = false;
    for character in &mut characters {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '\'' | '"') => (quote, started) = (Some(character), true),
            (None, ' ' | '\n') if started || !word.is_empty() => {
                words.push(std::mem::take(&mut word));
                started = false;
            }
            (None, ' ' | '\n') => {}
            _ => word.push(character),
        }
    }
    words.extend(Some(word).filter(|word| started || !word.is_empty()));
    words
}

/// Waits until the program has printed all of `words` after what it had printed `before`.
fn await_print(bookstore: &Bookstore, before: usize, words: &[&str]) -> String {
    let printed = || bookstore.output()[before..].to_owned();
    let all = || Some(printed()).filter(|printed| words.iter().all(|word| printed.contains(word)));
    wait_until(Duration::from_secs(10), all)
        .unwrap_or_else(|| panic!("no {words:?} in what it printed:\n{}", printed()))
}

#[test]
fn the_five_commands_work_as_printed_and_each_traced_request_draws_its_waterfall() {
    let commands = commands();
    assert_eq!(commands.len(), 5, "{commands:#?}");
    let bookstore = Start::unconfigured().ready();
    let mut token = String::new();
    // /health is excluded from tracing, as the guide's "Filter sensitive endpoints" has it.
    let expected: [(&str, &[&str]); 5] = [
        ("\"status\":\"healthy\"", &[]),
        ("\"username\":\"testuser\"", &["POST /auth/register", "INSERT users"]),
        (
            "\"token_type\":\"bearer\"",
            &["POST /auth/login", "login", "SELECT users", "verify_password", "create_access_token"],
        ),
        (
            "\"title\":\"OpenTelemetry in Action\"",
            &["POST /books/", "authenticate_user", "validate_book_data", "create_book", "INSERT books"],
        ),
        ("\"isbn\":\"978-1234567890\"", &["GET /books/", "get_books", "SELECT books", "Books retrieved"]),
    ];
    for (command, (answer, waterfall)) in commands.iter().zip(expected) {
        let before = bookstore.output().len();
        let body = run(&bookstore, command, &token);
        let compact = body.replace("\": ", "\":");
        assert!(compact.contains(answer), "{command}\nanswered: {body}");
        if let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(&body)
            && let Some(text) = fields.get("access_token").and_then(|value| value.as_str())
        {
            text.clone_into(&mut token);
        }
        let printed = await_print(&bookstore, before, waterfall);
        if waterfall.is_empty() {
            assert!(!printed.contains("/health"), "{printed}");
        }
    }
    let printed = bookstore.output();
    assert!(!printed.contains('\u{1b}'), "colour goes to terminals alone:\n{printed}");
}

#[test]
fn without_configuration_it_says_where_it_listens_where_the_docs_are_and_where_traces_go() {
    let mut bookstore = Start::unconfigured().ready();
    // The address is its first line; the others follow.
    let address = bookstore.url("");
    await_print(&bookstore, 0, &[address.as_str(), "docs/guide.md", "this terminal", "OTEL_EXPORTER_OTLP_ENDPOINT"]);
    let exit = bookstore.stop();
    assert_eq!(exit.code, 0, "{}", bookstore.output());
    assert!(exit.after < Duration::from_secs(5), "{exit:?}");
}

#[test]
fn the_words_of_the_guides_commands_are_read_as_a_shell_reads_them() {
    assert_eq!(
        words("curl -X POST http://h/ \\\n  -H \"A: b\" \\\n  -d '{\n \"a\": \"\"}' ''"),
        ["curl", "-X", "POST", "http://h/", "-H", "A: b", "-d", "{\n \"a\": \"\"}", ""]
    );
}
