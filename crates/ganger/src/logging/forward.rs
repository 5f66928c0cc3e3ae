//! The logger of worker processes: everything goes to the supervisor.
//!
//! Whoever logs may be within anything: so the text is made before the ring is locked (what shows itself may log, or panic),
//! and a process that a task has forked does not touch what it has in common with its worker.

use std::sync::{Arc, OnceLock, Weak};

use ganger_proto::codec;
use ganger_proto::log_record::{LOG_RECORD_LIMIT, LogRecord};
use ganger_proto::message::FromWorker;
use ganger_sys::Socket;
use log::{LevelFilter, Metadata, Record};

use crate::logging;
use crate::worker::{Outlet, answer_logged};

struct Forwarder;

/// The worker that this process is.
static WORKER: OnceLock<Arc<Outlet>> = OnceLock::new();
/// The zygote that this process is; gone in what it has forked.
static ZYGOTE: OnceLock<Weak<Socket>> = OnceLock::new();
/// Set by the first try: whether the logger is ours.
static OURS: OnceLock<bool> = OnceLock::new();

/// From now on what this process logs goes to its supervisor, up to that level; unless nobody listens there, or the worker
/// program has a logger of its own.
pub(crate) fn forward(level: u8) {
    let level = logging::filter(level).unwrap_or(LevelFilter::Off);
    if level != LevelFilter::Off && *OURS.get_or_init(|| log::set_logger(&Forwarder).is_ok()) {
        log::set_max_level(level);
    }
}

/// The way there is a worker's ring.
pub(crate) fn go_through(outlet: &Arc<Outlet>) {
    // A process is one worker, once.
    let _ = WORKER.set(Arc::clone(outlet));
}

/// The way there is a zygote's socket.
pub(crate) fn go_through_zygote(socket: &Arc<Socket>) {
    let _ = ZYGOTE.set(Arc::downgrade(socket));
}

impl log::Log for Forwarder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            send(record, logging::record(record));
        }
    }

    fn flush(&self) {}
}

fn send(made: &Record<'_>, record: LogRecord) {
    match (WORKER.get(), ZYGOTE.get().and_then(Weak::upgrade)) {
        (Some(outlet), _) if !outlet.is_in_fork() => {
            if let Ok(record) = codec::encode(&record, LOG_RECORD_LIMIT as u64) {
                outlet.say_unasked(&FromWorker::Log { record: &record });
            }
        }
        (None, Some(socket)) => answer_logged(&socket, record),
        (Some(_), _) | (None, None) => logging::print(made.level(), &logging::this_process(), &record.message),
    }
}
