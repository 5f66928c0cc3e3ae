//! A logger for programs that have none.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use log::{Level, LevelFilter, Metadata, Record};

use crate::error::{Error, ErrorKind};
use crate::logging::record::level as level_of;
use crate::process::current_process;
use crate::worker::current_worker;

struct Stderr;

static INSTALLED: AtomicBool = AtomicBool::new(false);

/// Logs to standard error, up to `level`: `multiprocessing.log_to_stderr`.
///
/// A line is `[LEVEL/process] message`; the process is `MainProcess`, a worker of a pool by the pool's name and its slot, or
/// a [`Process`](crate::Process) by its name. At `Info` the start and the end of every worker are told, with the reason. What
/// is started after this call logs to it as well: see [Logs](crate#logs).
///
/// ```
/// use ganger::{LevelFilter, Pool};
///
/// #[ganger::task]
/// fn half(n: u64) -> u64 {
///     if n % 2 == 1 { log::warn!("{n} is odd"); }
///     n / 2
/// }
///
/// fn main() -> Result<(), ganger::Error> {
///     ganger::init();
///     ganger::log_to_stderr(LevelFilter::Warn)?;
///     let pool = Pool::builder().name("halves").workers(1).build()?;
///     assert_eq!(pool.apply(half, 7)?, 3); // [WARN/halves-1] 7 is odd
///     Ok(())
/// }
/// ```
///
/// # Errors
/// When the program has a logger already, whoever set it; [`Error::is_logger_set`] is true then. So it is in a worker.
pub fn log_to_stderr(level: LevelFilter) -> Result<(), Error> {
    log::set_logger(&Stderr).map_err(|_| Error::new(ErrorKind::LoggerSet))?;
    INSTALLED.store(true, Ordering::Relaxed);
    log::set_max_level(level);
    Ok(())
}

/// Whether that is the logger of this process.
pub(crate) fn is_installed() -> bool {
    INSTALLED.load(Ordering::Relaxed)
}

/// As the process that it was started by: up to that level, if that logs to standard error.
pub(crate) fn inherit(level: u8) {
    if let Some(level) = level_of(level) {
        // It has one of its own where that was set before `init`.
        let _ = log_to_stderr(level.to_level_filter());
    }
}

/// What a process that is started now inherits.
pub(crate) fn heritage() -> u8 {
    if is_installed() { log::max_level() as u8 } else { 0 }
}

/// What this process, or this worker thread, is called.
pub(crate) fn this_process() -> String {
    current_worker().unwrap_or_else(|| current_process().name().to_owned())
}

/// One line, at once: lines of several threads do not mix.
pub(crate) fn print(level: Level, process: &str, message: impl Display) {
    let line = format!("[{level}/{process}] {message}\n");
    // Where standard error is closed, nobody misses it.
    let _ = io::stderr().write_all(line.as_bytes());
}

impl log::Log for Stderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            print(record.level(), &this_process(), record.args());
        }
    }

    fn flush(&self) {}
}
