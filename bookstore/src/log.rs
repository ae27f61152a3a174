//! Lines for whoever runs the service, on stderr.
//!
//! A thread of its own writes them: a stderr that nobody reads blocks that thread alone, never a request or the end of
//! the program. What does not fit meanwhile is counted, and the count is written once somebody reads again.

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// How many lines may wait.
const WAITING: usize = 1024;
/// How long the last lines may take to be written.
const LAST_LINES: Duration = Duration::from_millis(250);

enum Entry {
    Line(String),
    /// Answered once everything before it is written.
    Flush(SyncSender<()>),
}

/// Lines on their way.
struct Log {
    entries: SyncSender<Entry>,
    dropped: &'static AtomicU64,
}

impl Log {
    /// `dropped` counts the lines that did not fit and that was not said of yet.
    fn start(writer: impl Write + Send + 'static, waiting: usize, dropped: &'static AtomicU64) -> Self {
        let (entries, received) = sync_channel(waiting);
        // Without a thread every line is dropped: no reason not to sell books.
        let _ =
            std::thread::Builder::new().name("bookstore-log".into()).spawn(move || write(writer, &received, dropped));
        Self { entries, dropped }
    }

    fn line(&self, line: String) {
        if self.entries.try_send(Entry::Line(line)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn flush(&self, patience: Duration) -> bool {
        let deadline = std::time::Instant::now() + patience;
        let (written, done) = sync_channel(1);
        let mut entry = Entry::Flush(written);
        loop {
            match self.entries.try_send(entry) {
                Ok(()) => {
                    return done.recv_timeout(deadline.saturating_duration_since(std::time::Instant::now())).is_ok();
                }
                Err(TrySendError::Full(back)) if std::time::Instant::now() < deadline => entry = back,
                Err(_) => return false,
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn write(mut writer: impl Write, received: &Receiver<Entry>, dropped: &AtomicU64) {
    // A closed stderr is no reason to end.
    let mut put = |line: &str| drop(writeln!(writer, "{line}"));
    for entry in received {
        match entry {
            Entry::Line(line) => put(&line),
            Entry::Flush(written) => drop(written.try_send(())),
        }
        match dropped.swap(0, Ordering::Relaxed) {
            0 => {}
            lines => put(&format!("bookstore: warning: {lines} log lines were dropped: stderr was not read")),
        }
    }
}

fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    static DROPPED: AtomicU64 = AtomicU64::new(0);
    LOG.get_or_init(|| Log::start(std::io::stderr(), WAITING, &DROPPED))
}

/// Where log records go: each call writes whole lines, which wait here for whoever reads them.
#[derive(Debug)]
pub(crate) struct Writer;

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        line(String::from_utf8_lossy(bytes).trim_end());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes a line, as soon as somebody reads it. It does not wait.
pub(crate) fn line(line: impl Into<String>) {
    log().line(line.into());
}

/// Waits until the lines so far are written; not for long.
pub(crate) fn flush() {
    log().flush(LAST_LINES);
}

/// Sends what a panic says the same way: the standard hook writes to stderr itself, on the thread that panicked. Only
/// where it was: its text may hold anything.
pub(crate) fn panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        line(format!("bookstore: error: panicked at {place}"));
    }));
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Takes nothing in until it is opened.
    #[derive(Clone, Default)]
    struct Stuck {
        gate: Arc<Mutex<()>>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _open = self.gate.lock().unwrap();
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_nobody_reads_block_nobody_and_are_counted() {
        static DROPPED: AtomicU64 = AtomicU64::new(0);
        let stuck = Stuck::default();
        let closed = stuck.gate.lock().unwrap();
        let log = Log::start(stuck.clone(), 4, &DROPPED);
        for n in 0..100 {
            log.line(format!("line {n}"));
        }
        assert!(!log.flush(Duration::from_millis(20)), "nothing is written yet");
        drop(closed);
        assert!(log.flush(Duration::from_secs(10)));
        log.line("after".into());
        assert!(log.flush(Duration::from_secs(10)));
        let written = String::from_utf8(stuck.written.lock().unwrap().clone()).unwrap();
        let lines = written.lines().filter(|line| line.starts_with("line ")).count();
        // The thread may hold one, and four wait.
        assert!((4..=5).contains(&lines), "{written}");
        assert!(written.contains(&format!("{} log lines were dropped", 100 - lines)), "{written}");
        assert!(written.contains("after\n"));
    }
}
