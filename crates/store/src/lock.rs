//! One writer a store.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Kind, StoreError};

/// How long a lock is asked for again: somebody may just be looking whether it is held.
const GLIMPSE: Duration = Duration::from_millis(100);

/// The right to write to a store, until it is dropped or its process ends, however that ends.
///
/// It is a lock on the open file (`flock`), which SQLite, whose own are of another kind, does not see. It must be dropped
/// after the last connection: closing any descriptor of a file drops SQLite's locks on it.
#[derive(Debug)]
pub(crate) struct Lock(File);

/// A store is a regular file: of a FIFO one would wait for ever.
///
/// # Errors
/// When something else stands there.
pub(crate) fn check_kind(file: &Path) -> Result<(), StoreError> {
    let other = file.metadata().is_ok_and(|found| !found.is_file());
    if other { Err(StoreError::new(file, Kind::NotAStore("it is no regular file"))) } else { Ok(()) }
}

impl Lock {
    /// Makes the file if there is none.
    pub(crate) fn take(file: &Path) -> Result<Self, StoreError> {
        let failed = StoreError::io(file);
        check_kind(file)?;
        // Only its owner may read it: it holds what commands were given and printed.
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let open = options.open(file).map_err(&failed)?;
        match try_for(&open, GLIMPSE) {
            Ok(()) => Ok(Self(open)),
            Err(TryLockError::WouldBlock) => Err(StoreError::new(file, Kind::Locked { by: None })),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

impl Lock {
    /// Whether the file is still where it was when it was opened.
    pub(crate) fn is_at(&self, file: &Path) -> bool {
        let same = |ours: Metadata, theirs: Metadata| (ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino());
        match (self.0.metadata(), file.metadata()) {
            (Ok(ours), Ok(theirs)) => same(ours, theirs),
            (Err(_), _) | (_, Err(_)) => false,
        }
    }
}

fn try_for(file: &File, patience: Duration) -> Result<(), TryLockError> {
    let until = Instant::now() + patience;
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(patience / 20),
            done => return done,
        }
    }
}

/// Looks whether somebody holds the lock.
///
/// It has the file open as long as the connection beside it is: see [`Lock`].
#[derive(Debug)]
pub(crate) struct Watch(File);

impl Watch {
    pub(crate) fn open(file: &Path) -> Result<Self, StoreError> {
        File::open(file).map(Self).map_err(StoreError::io(file))
    }

    /// Whether a process writes to the store now.
    pub(crate) fn is_held(&self) -> bool {
        let taken = self.0.try_lock_shared();
        if taken.is_ok() {
            // Of no file that can be locked can a lock not be let go.
            let _ = self.0.unlock();
        }
        matches!(taken, Err(TryLockError::WouldBlock))
    }
}
