//! Services that are not on this machine.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Whether leaving a service out is a failure: `TRACED_REQUIRE_SERVICES=1`.
pub fn required() -> bool {
    env::var("TRACED_REQUIRE_SERVICES").is_ok_and(|value| value == "1")
}

/// Says that `service` is left out, and why.
///
/// # Panics
///
/// If every service is [`required`].
#[track_caller]
pub(crate) fn left_out<T>(service: &str, why: &str) -> Option<T> {
    assert!(!required(), "{service} is required (TRACED_REQUIRE_SERVICES=1), but {why}");
    // Not `eprintln!`: the test harness would keep it to itself.
    let _ = writeln!(std::io::stderr(), "left out: {service} ({why})");
    None
}

/// The program `name`, on `PATH` or in one of `further` directories.
pub fn program(name: &str, further: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let directories = env::split_paths(&path).chain(further).collect::<Vec<_>>();
    directories.into_iter().map(|directory| directory.join(name)).find(|candidate| is_program(candidate))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
