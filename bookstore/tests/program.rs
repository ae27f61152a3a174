//! The program, as it is run.

#![cfg(unix)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A program that is ended with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn terminate(&self) {
        let status = Command::new("kill").arg(self.0.id().to_string()).status().expect("kill");
        assert!(status.success());
    }

    /// The program's exit, within `patience`.
    fn exit(&mut self, patience: Duration) -> Option<std::process::ExitStatus> {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if let Some(status) = self.0.try_wait().expect("a status") {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }
}

fn command(directory: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bookstore"));
    command.env_clear().env("BIND", "127.0.0.1:0").current_dir(directory).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// What a program prints that does not start; its exit code must be 1.
fn refused(command: &mut Command) -> String {
    let mut running = Running(command.stderr(Stdio::piped()).spawn().expect("it starts"));
    let status = running.exit(Duration::from_secs(20)).expect("it does not start");
    let mut printed = String::new();
    running.0.stderr.take().expect("a pipe").read_to_string(&mut printed).expect("text");
    assert_eq!(status.code(), Some(1), "{printed}");
    printed
}

/// Where it listens, as it says itself, and all that it printed to say so.
fn listening(reader: &mut std::io::PipeReader) -> (String, String) {
    let mut printed = String::new();
    while !printed.contains("tokens:") {
        let mut bytes = [0; 1024];
        let count = reader.read(&mut bytes).expect("a line");
        assert!(count > 0, "it ended: {printed}");
        printed.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    let (_, rest) = printed.split_once("http://").expect("an address");
    (rest.split_whitespace().next().expect("an address").to_owned(), printed)
}

/// An answer's head, or nothing when there is none in time.
fn ask(address: &str, request: &str, patience: Duration) -> String {
    let mut connection = TcpStream::connect(address).expect("a connection");
    connection.set_read_timeout(Some(patience)).expect("a timeout");
    connection.write_all(request.as_bytes()).expect("it is taken in");
    let mut answer = String::new();
    let _ = connection.read_to_string(&mut answer);
    answer
}

const HEALTH: &str = "GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

#[test]
fn a_stderr_that_nobody_reads_stops_neither_requests_nor_the_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let mut filler = writer.try_clone().expect("a writer");
    let mut command = command(&directory);
    let child = command.stderr(writer).spawn().expect("it starts");
    let mut running = Running(child);
    drop(command);

    let (address, _) = listening(&mut reader);
    // Fills the pipe, and then waits for a reader until the test is over.
    std::thread::spawn(move || filler.write_all(&vec![b'.'; 1 << 20]));
    // Writers wait for this one, and each gives up with a line on stderr.
    let lock = rusqlite::Connection::open(directory.path().join("bookstore.db")).expect("the database");
    lock.execute_batch("BEGIN IMMEDIATE").expect("its lock");
    let body = r#"{"username": "ada", "email": "ada@example.org", "password": "Test123!"}"#;
    let register = format!(
        "POST /auth/register HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let answer = ask(&address, &register, Duration::from_secs(20));
                assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
            });
        }
    });
    let answer = ask(&address, HEALTH, Duration::from_secs(10));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    running.terminate();
    let status = running.exit(Duration::from_secs(10)).expect("it ends");
    assert_eq!(status.code(), Some(0));
    drop(reader);
}

#[test]
fn a_wrong_number_in_a_path_is_no_error_of_the_service() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut command = command(&directory);
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let mut running = Running(command.stderr(writer).spawn().expect("it starts"));
    drop(command);
    let (address, mut printed) = listening(&mut reader);
    let request = HEALTH.replace("/health", "/books/abc");
    let answer = ask(&address, &request, Duration::from_secs(10));
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    running.terminate();
    running.exit(Duration::from_secs(10)).expect("it ends");
    let _ = reader.read_to_string(&mut printed);
    assert!(!printed.contains("error"), "{printed}");
}

#[test]
fn the_file_of_settings_is_that_of_the_working_directory_and_taken_literally() {
    let above = tempfile::tempdir().expect("a directory");
    let directory = tempfile::tempdir_in(&above).expect("a directory");
    std::fs::write(above.path().join(".env"), "BIND=nonsense\n").expect("a file");
    std::fs::write(directory.path().join(".env"), "# mine\nACCESS_TOKEN_EXPIRE_MINUTES='canary$HOME'\n")
        .expect("a file");
    let printed = refused(&mut command(&directory));
    assert!(printed.contains("ACCESS_TOKEN_EXPIRE_MINUTES is \"canary$HOME\""), "{printed}");
    std::fs::write(directory.path().join(".env"), "\nSECRET_KEY=canary$def\n").expect("a file");
    let printed = refused(&mut command(&directory));
    assert!(printed.contains(".env") && printed.contains("line 2") && !printed.contains("canary"), "{printed}");
}

#[test]
fn a_variable_that_is_no_text_is_named() {
    use std::os::unix::ffi::OsStrExt as _;

    let directory = tempfile::tempdir().expect("a directory");
    let broken = std::ffi::OsStr::from_bytes(b"canary\xff");
    let printed = refused(command(&directory).env("SECRET_KEY", broken));
    assert!(printed.contains("SECRET_KEY is no UTF-8 text") && !printed.contains("canary"), "{printed}");
}
