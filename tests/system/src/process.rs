//! A process that does not outlive the test process.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A shell stands between the test and the program. It forwards the signals named on its standard input, and at the end of
/// that input, which the kernel closes however the test process ends, it stops the program and removes its directory. No
/// process id is used after its process was waited for. What a stopped program's children still write is removed again.
const SUPERVISOR: &str = r#"
exec 3<&0 </dev/null
"$@" 3<&- &
pid=$!
(
    while read -r signal <&3; do kill -s "$signal" "$pid"; done
    : >"$DIRECTORY/.orphaned"
    kill -s CONT "$pid"; kill -s "$LAST_SIGNAL" "$pid"
    turns=0
    until [ -e "$DIRECTORY/.ended" ]; do
        sleep 0.02
        turns=$((turns + 1))
        [ "$turns" -eq 250 ] && kill -s KILL "$pid"
    done
    for turn in 1 2 3 4 5 6 7 8; do
        rm -rf -- "$DIRECTORY" && break
        sleep 0.2
    done
) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$pid"; code=$?
if [ -e "$DIRECTORY/.orphaned" ]; then : >"$DIRECTORY/.ended"; wait "$watcher"; else kill "$watcher"; fi
exit "$code"
"#;

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// Its exit code; 128 and the signal's number if a signal ended it.
    pub code: i32,
    /// How long it took from asking to the end.
    pub after: Duration,
}

/// A user to run as.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl User {
    /// Who runs a server that refuses to run as root: `None` for the current user if that is not root.
    pub(crate) fn unprivileged() -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let root = fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0);
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let find = |name: &str| {
            let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut fields = line.split(':').skip(2).map(str::parse);
            Some(Self { uid: fields.next()?.ok()?, gid: fields.next()?.ok()? })
        };
        root.then(|| find("postgres").or_else(|| find("nobody")).unwrap_or(Self { uid: 65534, gid: 65534 }))
    }
}

/// A program that runs until it is dropped, in a directory of its own.
#[derive(Debug)]
pub struct Process {
    shell: Child,
    signals: Option<ChildStdin>,
    output: PathBuf,
    ended: Option<i32>,
}

impl Process {
    /// Starts `program` in `directory`, which is removed with it. What it prints is kept there, in `output`.
    pub(crate) fn start(
        directory: &TempDir,
        program: &Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        last_signal: &str,
        user: Option<User>,
        prepare: impl FnOnce(&mut Command),
    ) -> io::Result<Self> {
        let output = directory.path().join("output");
        let file = File::options().create(true).append(true).open(&output)?;
        let mut command = Command::new("/bin/sh");
        command.current_dir(directory.path()).stdin(Stdio::piped()).stdout(file.try_clone()?).stderr(file);
        // Out of the terminal's foreground group: an interrupt goes to the test alone, and reaches the program through it.
        command.process_group(0);
        prepare(&mut command);
        command.env("DIRECTORY", directory.path()).env("LAST_SIGNAL", last_signal);
        command.arg("-c").arg(SUPERVISOR).arg("supervisor").arg(program).args(arguments);
        if let Some(User { uid, gid }) = user {
            command.uid(uid).gid(gid);
        }
        let mut shell = command.spawn()?;
        let signals = shell.stdin.take();
        Ok(Self { shell, signals, output, ended: None })
    }

    /// Everything that it has printed so far, to standard output and standard error.
    pub fn output(&self) -> String {
        fs::read(&self.output).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Sends it a signal, such as `TERM` or `STOP`.
    pub fn signal(&mut self, name: &str) {
        if let Some(signals) = &mut self.signals {
            // A pipe that is closed means a program that has ended.
            let _ = writeln!(signals, "{name}");
        }
    }

    /// Its exit code, once it has ended.
    pub fn exit_code(&mut self) -> Option<i32> {
        if self.ended.is_none() {
            self.ended = self.shell.try_wait().ok().flatten().map(code);
        }
        self.ended
    }

    /// Waits until it ends by itself; `None` if it still runs after `deadline`.
    pub fn wait(&mut self, deadline: Duration) -> Option<Exit> {
        let asked = Instant::now();
        wait_until(deadline, || self.exit_code()).map(|code| Exit { code, after: asked.elapsed() })
    }

    /// Sends it `signal` and waits until it ends; `None` if it still runs after `deadline`.
    pub fn stop(&mut self, signal: &str, deadline: Duration) -> Option<Exit> {
        self.signal(signal);
        self.wait(deadline)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.signals.take());
        if self.exit_code().is_none() {
            let _ = self.shell.wait();
        }
    }
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

/// Asks `ready` every few milliseconds until it gives something, at most for `deadline`.
pub fn wait_until<T>(deadline: Duration, mut ready: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + deadline;
    loop {
        if let Some(value) = ready() {
            return Some(value);
        }
        if Instant::now() >= end {
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
}
