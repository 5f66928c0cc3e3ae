//! What ends a run that is no failure of a command.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ganger::Stream;
use ganger_store::StoreError;

use crate::input::InputError;
use crate::spill::SpillError;

/// Why a run could not do what it was asked to, apart from commands that failed.
pub struct Error {
    kind: Box<Kind>,
}

/// Not public: a new kind breaks nobody.
enum Kind {
    Input(InputError),
    Spill(SpillError),
    Write {
        stream: Stream,
        source: io::Error,
    },
    Pool(ganger::Error),
    PoolFailed {
        why: String,
    },
    Stuck {
        waited: Duration,
    },
    Store(StoreError),
    /// Nobody waited for room on its disk any longer.
    Unrecorded(StoreError),
    JobLog {
        path: PathBuf,
        source: io::Error,
    },
    Results {
        path: PathBuf,
        source: io::Error,
    },
}

impl Error {
    fn new(kind: Kind) -> Self {
        Self { kind: Box::new(kind) }
    }

    pub(crate) fn write(stream: Stream, source: io::Error) -> Self {
        Self::new(Kind::Write { stream, source })
    }

    pub(crate) fn pool_failed(why: String) -> Self {
        Self::new(Kind::PoolFailed { why })
    }

    pub(crate) fn stuck(waited: Duration) -> Self {
        Self::new(Kind::Stuck { waited })
    }

    /// The store's disk refused to the last.
    pub(crate) fn unrecorded(error: StoreError) -> Self {
        Self::new(if error.is_of_the_disk() { Kind::Unrecorded(error) } else { Kind::Store(error) })
    }

    pub(crate) fn joblog(path: &Path, source: io::Error) -> Self {
        Self::new(Kind::JobLog { path: path.to_owned(), source })
    }

    pub(crate) fn results(path: &Path, source: io::Error) -> Self {
        Self::new(Kind::Results { path: path.to_owned(), source })
    }

    /// Whether it only says that nobody reads our output any more.
    pub(crate) fn is_closed_output(&self) -> bool {
        matches!(&*self.kind, Kind::Write { source, .. } if source.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl From<InputError> for Error {
    fn from(error: InputError) -> Self {
        Self::new(Kind::Input(error))
    }
}

impl From<SpillError> for Error {
    fn from(error: SpillError) -> Self {
        Self::new(Kind::Spill(error))
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::new(Kind::Store(error))
    }
}

impl From<ganger::Error> for Error {
    fn from(error: ganger::Error) -> Self {
        Self::new(Kind::Pool(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.kind {
            Kind::Input(error) => error.fmt(f),
            Kind::Spill(error) => error.fmt(f),
            Kind::Write { stream, source } => {
                let stream = match stream {
                    Stream::Stdout => "standard output",
                    Stream::Stderr => "standard error",
                };
                write!(f, "failed to write to {stream}: {source}; the commands that ran were stopped")
            }
            Kind::Pool(error) => error.fmt(f),
            Kind::Store(error) => error.fmt(f),
            Kind::Unrecorded(error) => {
                write!(f, "{error}: what ended since then is not recorded; make room, and --resume runs that again")
            }
            Kind::JobLog { path, source } => write!(f, "job log {}: {source}", path.display()),
            Kind::Results { path, source } => write!(f, "--results: failed to write {}: {source}", path.display()),
            Kind::PoolFailed { why } => write!(f, "the workers failed: {why}"),
            Kind::Stuck { waited } => {
                write!(f, "the workers have not ended within {waited:?}, though all commands have")
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}
