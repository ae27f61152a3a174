//! The terminal of a program that configures nothing.

use std::process::{Command, Stdio};

use traced::Telemetry;

#[traced::traced(attrs(book.title = "Solaris"))]
fn create_book() {
    validate();
}

#[traced::traced]
fn validate() {}

/// What the child process does; in the parent there is nothing to do.
#[test]
fn child() {
    if std::env::var_os("TRACED_TEST_CHILD").is_none() {
        return;
    }
    let telemetry = Telemetry::builder().console_when_unconfigured().install().unwrap();
    assert!(telemetry.destination().contains("this terminal"), "{}", telemetry.destination());
    create_book();
    drop(telemetry);
}

fn stderr_of_child(variables: &[(&str, &str)]) -> String {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env_clear()
        .env("TRACED_TEST_CHILD", "1")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stderr = String::from_utf8(child.stderr).unwrap();
    assert!(child.status.success(), "{stderr}");
    stderr
}

#[test]
fn a_program_that_configures_nothing_sees_its_traces_on_stderr() {
    let stderr = stderr_of_child(&[("COLUMNS", "80")]);
    assert!(stderr.contains("── create_book · "), "{stderr}");
    assert!(stderr.contains("│  book.title=Solaris\n└─ validate "), "{stderr}");
    assert!(!stderr.contains('\x1b'), "{stderr}");
    assert_eq!(stderr.lines().next().unwrap().chars().count(), 80, "{stderr}");
}

#[test]
fn colours_can_be_asked_for() {
    let stderr = stderr_of_child(&[("CLICOLOR_FORCE", "1")]);
    assert!(stderr.contains("\x1b[1mcreate_book\x1b[0m"), "{stderr}");
}
