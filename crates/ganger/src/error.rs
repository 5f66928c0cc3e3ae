//! Errors: who, what, where, and the remedy. Opaque, with questions; a failed submit gives the arguments back.

use std::fmt;
use std::io;
use std::time::Duration;

use ganger_proto::codec::CodecError;
use ganger_proto::fault::FaultError;
use ganger_proto::outcome::PoolFailure;
use ganger_sys::Shortage;

use crate::connection::ConnectionError;
use crate::queue::QueueError;
use crate::task_error::TaskError;

/// What went wrong with a pool, or with a call through it.
///
/// ```
/// use ganger::Pool;
///
/// # fn main() -> Result<(), ganger::Error> {
/// # ganger::init();
/// let error = Pool::new(0).unwrap_err();
/// assert_eq!(error.to_string(), "a pool of zero workers would never do anything: ask for at least one");
/// assert!(!error.is_closed() && error.task().is_none());
/// # Ok(()) }
/// ```
pub struct Error {
    kind: Box<ErrorKind>,
}

/// Not public: a new kind breaks nobody.
#[derive(Debug)]
pub(crate) enum ErrorKind {
    Unregistered { function: String },
    NotInitialised,
    NoWorkers,
    Program { program: String, why: String },
    Codec(CodecError),
    Closed,
    PoolFailed(PoolFailure),
    InFork { of: u32 },
    System { what: &'static str, source: io::Error },
    Process { what: &'static str, why: String },
    Unsupported { what: &'static str, why: &'static str },
    StillRunning { waited: Duration },
    StillOpen,
    LoggerSet,
    Invalid { what: &'static str, why: &'static str },
    Faults(FaultError),
    Task(TaskError),
    Connection(ConnectionError),
    Queue(QueueError),
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self { kind: Box::new(kind) }
    }

    pub(crate) fn system(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::new(ErrorKind::System { what, source })
    }

    /// Whether the function was never registered.
    #[must_use]
    pub fn is_unregistered(&self) -> bool {
        matches!(*self.kind, ErrorKind::Unregistered { .. })
    }

    /// Whether the pool takes no more tasks, because it was closed, terminated or has failed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(*self.kind, ErrorKind::Closed | ErrorKind::PoolFailed(_))
    }

    /// Why the pool failed, if it has.
    #[must_use]
    pub fn pool_failure(&self) -> Option<&PoolFailure> {
        if let ErrorKind::PoolFailed(failure) = &*self.kind { Some(failure) } else { None }
    }

    /// Whether this only says that a wait was over before what it waited for.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(*self.kind, ErrorKind::StillRunning { .. })
    }

    /// Whether [`log_to_stderr`](crate::log_to_stderr) came too late: the program has a logger.
    #[must_use]
    pub fn is_logger_set(&self) -> bool {
        matches!(*self.kind, ErrorKind::LoggerSet)
    }

    /// Whether the worker program cannot be one: it does not exist, cannot be executed, does not call
    /// [`init`](crate::init), or is another build.
    #[must_use]
    pub fn is_worker_program(&self) -> bool {
        matches!(*self.kind, ErrorKind::Program { .. })
    }

    /// Whether it was asked of a thread what only a process can do.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        matches!(*self.kind, ErrorKind::Unsupported { .. })
    }

    /// What happened to the task, if the error is a task's.
    #[must_use]
    pub fn task(&self) -> Option<&TaskError> {
        if let ErrorKind::Task(error) = &*self.kind { Some(error) } else { None }
    }

    /// What happened to the connection, if the error is of one.
    #[must_use]
    pub fn connection(&self) -> Option<&ConnectionError> {
        if let ErrorKind::Connection(error) = &*self.kind { Some(error) } else { None }
    }

    /// What went wrong with a queue.
    #[must_use]
    pub fn queue(&self) -> Option<&QueueError> {
        if let ErrorKind::Queue(error) = &*self.kind { Some(error) } else { None }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.kind {
            ErrorKind::Unregistered { function } => write!(
                f,
                "{function} is not registered: add #[ganger::task] to it (and name its crate somewhere in the program: \
                 the linker drops a crate that nothing mentions, without a word)"
            ),
            ErrorKind::NotInitialised => write!(
                f,
                "this process is a worker and cannot have a pool yet: call ganger::init() first in main, before \
                 anything else"
            ),
            ErrorKind::NoWorkers => write!(f, "a pool of zero workers would never do anything: ask for at least one"),
            ErrorKind::Program { program, why } => write!(f, "worker program {program}: {why}"),
            ErrorKind::Codec(error) => error.fmt(f),
            ErrorKind::Closed => write!(f, "the pool is closed and takes no more tasks"),
            ErrorKind::PoolFailed(failure) => write!(f, "the pool has failed: {failure}"),
            ErrorKind::InFork { of } => {
                write!(f, "this process is a fork of process {of}, whose pool this is: build a pool after the fork")
            }
            ErrorKind::System { what, source } => match Shortage::of(source) {
                Some(shortage) => write!(f, "failed to {what}: {shortage}"),
                None => write!(f, "failed to {what}: {source}"),
            },
            ErrorKind::Process { what, why } => write!(f, "cannot {what}: {why}"),
            ErrorKind::Unsupported { what, why } => write!(f, "cannot {what} a thread: {why}"),
            ErrorKind::StillRunning { waited } => write!(f, "not done after {waited:?}; the work goes on"),
            ErrorKind::StillOpen => write!(f, "the pool is still open: call close() or terminate() before join()"),
            ErrorKind::LoggerSet => write!(
                f,
                "this process has a logger already (in a worker it is the way to the supervisor's): set one, once, in \
                 main after ganger::init()"
            ),
            ErrorKind::Invalid { what, why } => write!(f, "{what}: {why}"),
            ErrorKind::Faults(error) => write!(f, "fault plan: {error}"),
            ErrorKind::Task(error) => error.fmt(f),
            ErrorKind::Connection(error) => error.fmt(f),
            ErrorKind::Queue(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let ErrorKind::System { source, .. } = &*self.kind {
            return Some(source);
        }
        let told = self.task().map(|error| error as _).or(self.connection().map(|error| error as _));
        told.or(self.queue().map(|error| error as _))
    }
}

impl From<CodecError> for Error {
    fn from(error: CodecError) -> Self {
        Self::new(ErrorKind::Codec(error))
    }
}

impl From<TaskError> for Error {
    fn from(error: TaskError) -> Self {
        Self::new(ErrorKind::Task(error))
    }
}

impl From<ConnectionError> for Error {
    fn from(error: ConnectionError) -> Self {
        Self::new(ErrorKind::Connection(error))
    }
}

impl From<QueueError> for Error {
    fn from(error: QueueError) -> Self {
        Self::new(ErrorKind::Queue(error))
    }
}

impl<A> From<SubmitError<A>> for Error {
    fn from(refused: SubmitError<A>) -> Self {
        refused.error
    }
}

/// A task that was not accepted: why, and its arguments, so that nothing is lost.
///
/// ```
/// use ganger::Pool;
///
/// #[ganger::task]
/// fn shout(text: String) -> String { text.to_uppercase() }
///
/// # fn main() -> Result<(), ganger::Error> {
/// # ganger::init();
/// let pool = Pool::new(1)?;
/// pool.close();
/// let refused = pool.submit(shout, "hello".to_owned()).unwrap_err();
/// assert_eq!(refused.args, "hello");
/// assert!(refused.error.is_closed());
/// # Ok(()) }
/// ```
pub struct SubmitError<A> {
    /// What was to be done.
    pub args: A,
    /// Why it was not accepted.
    pub error: Error,
}

impl<A> fmt::Display for SubmitError<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<A> fmt::Debug for SubmitError<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<A> std::error::Error for SubmitError<A> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_can_cross_threads() {
        fn check<T: Send + Sync + 'static>() {}
        check::<Error>();
        check::<TaskError>();
    }
}
