//! CPU time.

/// Nanoseconds that this thread has computed.
pub(crate) fn thread() -> u64 {
    read(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// Nanoseconds that all threads of this process have computed.
pub(crate) fn process() -> u64 {
    read(libc::CLOCK_PROCESS_CPUTIME_ID)
}

/// The name of each thread of this process and how many nanoseconds it has computed.
pub(crate) fn threads() -> Vec<(String, u64)> {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let read = |path: std::path::PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    tasks
        .map(|task| {
            let time = read(task.path().join("schedstat"));
            let time = time.split_whitespace().next().and_then(|time| time.parse().ok()).unwrap_or(0);
            (read(task.path().join("comm")).trim().to_owned(), time)
        })
        .collect()
}

fn read(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a timespec of ours that the call fills in.
    let failed = unsafe { libc::clock_gettime(clock, &mut time) } != 0;
    assert!(!failed, "no CPU clock");
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
