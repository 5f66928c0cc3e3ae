//! Records on their way to this process's logger: those of the workers, and the pool's own about them.
//!
//! The logger is the user's: it may block, panic, or call into the pool. So it is called on a thread of its own, which gets
//! the records in the order in which they were read, under the pool's lock. If it is slower than the workers, what they say
//! is left in their rings until it has caught up: they wait, memory does not grow, and nothing is lost.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ganger_proto::codec::{self, CodecError};
use ganger_proto::log_record::{LOG_RECORD_LIMIT, LogRecord};
use ganger_sys::Bell;
use log::kv::{ToValue, Value};
use log::{Level, Record};

use crate::engine::callbacks::Callbacks;
use crate::engine::core::Core;
use crate::engine::member::{Phase, Unread};
use crate::logging;
use crate::title;

/// So many bytes of records may wait for the logger.
const MOST: usize = 1 << 20;

/// What a record takes beside its text, about.
const OVERHEAD: usize = 256;

/// How long the end of a pool waits for a slow logger.
const PATIENCE: Duration = Duration::from_secs(1);

/// See the module.
pub(crate) struct Logs {
    pool: Arc<str>,
    thread: Callbacks,
    backlog: Arc<Backlog>,
    /// Records of the zygote that nobody had room for.
    dropped: AtomicUsize,
}

/// What waits for the logger, and who is told when there is room again.
struct Backlog {
    bytes: AtomicUsize,
    bells: [Arc<Bell>; 2],
}

impl Unread for Backlog {
    fn is_full(&self) -> bool {
        self.bytes.load(Ordering::Acquire) > MOST
    }
}

/// One record's part of it, until the record is out, or will never be.
struct Part {
    bytes: usize,
    backlog: Arc<Backlog>,
}

impl Drop for Part {
    fn drop(&mut self) {
        let before = self.backlog.bytes.fetch_sub(self.bytes, Ordering::AcqRel);
        if before > MOST && before - self.bytes <= MOST {
            self.backlog.bells.iter().for_each(|bell| bell.ring());
        }
    }
}

impl Logs {
    /// `bells`: of those who read the rings, and may be asleep.
    pub(crate) fn new(pool: &str, bells: [Arc<Bell>; 2]) -> Self {
        let backlog = Arc::new(Backlog { bytes: AtomicUsize::new(0), bells });
        let thread = Callbacks::new(format!("ganger-{pool}-log"));
        Self { pool: Arc::from(pool), thread, backlog, dropped: AtomicUsize::new(0) }
    }

    /// What the pool has to say itself.
    pub(crate) fn own(&self, level: Level, text: fmt::Arguments<'_>) {
        if level <= log::max_level() {
            let text = format!("pool {}: {text}", self.pool);
            self.hand_over(text.len(), move || log::log!(level, "{text}"));
        }
    }

    /// What a worker has logged; `slot`: its place. None: the zygote has.
    fn of_worker(&self, slot: Option<u32>, level: Level, record: LogRecord) {
        if level <= log::max_level() {
            let pool = Arc::clone(&self.pool);
            self.hand_over(weight(&record), move || deliver(&pool, slot, level, &record));
        }
    }

    /// What a preload has logged. A zygote has no ring in which it could wait.
    pub(crate) fn of_zygote(&self, record: LogRecord) {
        if self.backlog.is_full() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            self.own(Level::Warn, format_args!("{dropped} log records of the zygote were dropped: the logger is slow"));
        }
        if let Some(level) = logging::level(record.level) {
            self.of_worker(None, level, record);
        }
    }

    fn hand_over(&self, bytes: usize, log: impl FnOnce() + Send + 'static) {
        let bytes = bytes + OVERHEAD;
        self.backlog.bytes.fetch_add(bytes, Ordering::AcqRel);
        let part = Part { bytes, backlog: Arc::clone(&self.backlog) };
        self.thread.call(Box::new(move || {
            let _part = part;
            // A logger that panics has said so by the panic; there is no other way to tell.
            let _ = catch_unwind(AssertUnwindSafe(log));
        }));
    }

    /// Waits until the logger has had all records, but not for ever.
    pub(crate) fn flush(&self) {
        self.thread.flush(PATIENCE);
    }
}

/// About how much memory it takes.
fn weight(record: &LogRecord) -> usize {
    let pairs: usize = record.key_values.iter().map(|(key, value)| key.len() + value.len() + OVERHEAD).sum();
    record.message.len() + record.target.len() + pairs
}

/// Hands a record to the logger as if it had been made here, but for the words that say where it was.
fn deliver(pool: &str, slot: Option<u32>, level: Level, record: &LogRecord) {
    let worker = slot.map_or_else(|| format!("zygote of {pool}"), |slot| title::worker(pool, slot));
    if logging::is_installed() {
        return logging::print(level, &worker, &record.message);
    }
    let (task, message) = (record.task.map(|(task, _)| task.to_string()), &record.message);
    let of_task = task.as_ref().map(|task| format!(" task {task}")).unwrap_or_default();
    let pairs = key_values(pool, &worker, task.as_deref(), record);
    log::logger().log(
        &Record::builder()
            .level(level)
            .target(&record.target)
            .module_path(record.module_path.as_deref())
            .file(record.file.as_deref())
            .line(record.line)
            .key_values(&pairs.as_slice())
            .args(format_args!("[{worker} pid {}{of_task}] {message}", record.pid))
            .build(),
    );
}

/// For loggers that write more than text: who, in which task, when; then what the worker gave along.
fn key_values<'a>(
    pool: &'a str,
    worker: &'a str,
    task: Option<&'a str>,
    record: &'a LogRecord,
) -> Vec<(&'a str, Value<'a>)> {
    let time = u64::try_from(record.time.as_nanos()).unwrap_or(u64::MAX);
    let mut pairs = vec![
        ("pool", pool.to_value()),
        ("worker", worker.to_value()),
        ("pid", Value::from(record.pid)),
        ("time", Value::from(time)),
    ];
    if let (Some(task), Some((_, attempt))) = (task, record.task) {
        pairs.extend([("task", Value::from(task)), ("attempt", Value::from(attempt))]);
    }
    pairs.extend(record.key_values.iter().map(|(key, value)| (&**key, Value::from(&**value))));
    pairs
}

impl Core {
    /// A worker has logged something. It may say so as soon as it has said who it is.
    pub(super) fn on_log(&mut self, index: usize, record: &[u8]) {
        let Some(member) = self.gang.at(index) else { return };
        match checked(record) {
            Ok(_) if member.phase == Phase::Starting => {
                self.misbehave(index, "it logged before it had said hello".to_owned());
            }
            Ok((level, record)) => {
                self.logs.of_worker(Some(member.slot), level, record);
                if self.logs.backlog.is_full() {
                    member.stall(Arc::clone(&self.logs.backlog) as Arc<dyn Unread>);
                }
            }
            Err(error) => self.misbehave(index, error.to_string()),
        }
    }
}

fn checked(record: &[u8]) -> Result<(Level, LogRecord), CodecError> {
    if record.len() > LOG_RECORD_LIMIT {
        return Err(CodecError::Malformed("a log record that is too long"));
    }
    let record = codec::decode::<LogRecord>(record, LOG_RECORD_LIMIT as u64)?;
    let level = logging::level(record.level).ok_or(CodecError::Malformed("a log record of no level"))?;
    Ok((level, record))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;

    fn encoded(level: u8, text: usize) -> Vec<u8> {
        let mut record = logging::record(&Record::builder().build());
        record.level = level;
        record.message = "x".repeat(text);
        codec::encode(&record, u64::MAX).unwrap()
    }

    #[test]
    fn records_that_are_none_are_refused() {
        assert_eq!(checked(&encoded(2, 9)).unwrap().0, Level::Warn);
        assert!([0, 6, 255].iter().all(|level| checked(&encoded(*level, 9)).is_err()));
        assert!(checked(&encoded(2, LOG_RECORD_LIMIT)).is_err());
        let good = encoded(2, 9);
        assert!((0..good.len()).all(|len| checked(&good[..len]).is_err()));
        assert!(checked(&[good, vec![0]].concat()).is_err());
        assert!(checked(&[0xff; 300]).is_err());
    }
}
