//! The bookstore, to be run.

use std::process::ExitCode;

fn main() -> ExitCode {
    bookstore::run()
}
