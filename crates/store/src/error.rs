//! What can be wrong with a store.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::unsynced;

/// Why a store could not be opened, read or written. Opaque, with questions.
#[derive(Debug)]
pub struct StoreError {
    file: PathBuf,
    kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Missing,
    /// What SQLite says of it.
    Damaged(rusqlite::Error),
    /// Another file stands in its place, or none.
    Moved,
    /// The disk has not kept what was written, and said so.
    Unsynced(rusqlite::Error),
    /// No write-ahead log can be beside it.
    Unlogged,
    /// Something stands where a new store should.
    Exists,
    NotAStore(&'static str),
    Newer {
        version: u32,
        known: u32,
    },
    Locked {
        by: Option<u32>,
    },
    NoJob(String),
    Empty,
    NoRecorder,
    Io(io::Error),
    Sqlite(rusqlite::Error),
}

impl StoreError {
    pub(crate) fn new(file: &Path, kind: Kind) -> Self {
        Self { file: file.to_owned(), kind }
    }

    /// For `map_err`: an error of SQLite's about this file.
    pub(crate) fn sqlite(file: &Path) -> impl Fn(rusqlite::Error) -> Self + '_ {
        |error| {
            let kind = match error.sqlite_error_code() {
                Some(ErrorCode::NotADatabase) => Kind::NotAStore("it is no SQLite database"),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::TooBig) => Kind::Damaged(error),
                // What was read is not what was written.
                None => Kind::Damaged(error),
                Some(_) if unsynced::is_unsynced(&error) => Kind::Unsynced(error),
                Some(_) => Kind::Sqlite(error),
            };
            Self::new(file, kind)
        }
    }

    pub(crate) fn io(file: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |error| Self::new(file, Kind::Io(error))
    }

    /// Whether another process writes to it now.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        matches!(self.kind, Kind::Locked { .. })
    }

    /// Whether a newer ganger made it.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        matches!(self.kind, Kind::Newer { .. })
    }

    /// Whether it is something else than a store.
    #[must_use]
    pub fn is_not_a_store(&self) -> bool {
        matches!(self.kind, Kind::NotAStore(_))
    }

    /// Whether it is damaged, so that not all of it can be read.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        matches!(self.kind, Kind::Damaged(_))
    }

    /// Whether there is nothing in it yet, or no job.
    #[must_use]
    pub fn is_nothing_yet(&self) -> bool {
        matches!(self.kind, Kind::Empty)
    }

    /// Whether there is no such job in it.
    #[must_use]
    pub fn is_no_job(&self) -> bool {
        matches!(self.kind, Kind::NoJob(_))
    }

    /// Whether the disk has not kept what was written (`fsync` failed). Nothing more can be written through this handle: what
    /// was acknowledged before is in the file, and whoever opens it next goes on from there.
    #[must_use]
    pub fn is_unsynced(&self) -> bool {
        matches!(self.kind, Kind::Unsynced(_))
    }

    /// Whether it may go on when somebody has made room or mended the disk: nothing was lost yet.
    #[must_use]
    pub fn is_of_the_disk(&self) -> bool {
        const DISK: [ErrorCode; 4] =
            [ErrorCode::DiskFull, ErrorCode::ReadOnly, ErrorCode::SystemIoFailure, ErrorCode::CannotOpen];
        if let Kind::Sqlite(error) = &self.kind {
            return error.sqlite_error_code().is_some_and(|code| DISK.contains(&code));
        }
        matches!(self.kind, Kind::Io(_))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "store {}: ", self.file.display())?;
        match &self.kind {
            Kind::Missing => write!(f, "there is no such file"),
            Kind::Damaged(error) => write!(
                f,
                "it is damaged ({error}): ganger check says where, and ganger salvage {} NEWFILE saves what can be read",
                self.file.display()
            ),
            Kind::Moved => write!(
                f,
                "it was deleted or replaced while it was written to: all that was recorded is in the file that stood there \
                 before, if that is somewhere still"
            ),
            Kind::Unsynced(error) => write!(
                f,
                "the disk did not keep what was written to it ({error}), and to ask again would hide that: see what the kernel \
                 says of it (dmesg), then begin again; what was acknowledged before is there"
            ),
            Kind::Unlogged => write!(
                f,
                "there can be no write-ahead log beside it: the disk failed, or its file system has no shared memory, as over a \
                 network; put it on a local disk"
            ),
            Kind::Exists => write!(f, "there is a file of that name, and it is left as it is: give another one"),
            Kind::NotAStore(why) => write!(f, "{why}; give it another name, it was left as it is"),
            Kind::Newer { version, known } => {
                write!(f, "a newer ganger made it (version {version}; this one knows {known}): use that one")
            }
            Kind::Locked { by: Some(pid) } => write!(f, "process {pid} writes to it; one can at a time"),
            Kind::Locked { by: None } => write!(f, "another process writes to it; one can at a time"),
            Kind::NoJob(name) => write!(f, "it has no job {name:?}: ganger ls shows those that it has"),
            Kind::Empty => write!(f, "it has no job yet"),
            Kind::NoRecorder => write!(f, "its recorder has ended"),
            Kind::Io(error) => error.fmt(f),
            Kind::Sqlite(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            Kind::Io(error) => Some(error),
            Kind::Sqlite(error) => Some(error),
            Kind::Damaged(error) | Kind::Unsynced(error) => Some(error),
            Kind::Missing
            | Kind::Exists
            | Kind::Moved
            | Kind::Unlogged
            | Kind::NotAStore(_)
            | Kind::Newer { .. }
            | Kind::Locked { .. }
            | Kind::NoJob(_)
            | Kind::Empty
            | Kind::NoRecorder => None,
        }
    }
}
