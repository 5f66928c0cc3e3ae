//! One writer a store.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::error::{Kind, StoreError};

/// The right to write to a store, until it is dropped or its process ends, however that ends.
///
/// It is a lock on the open file (`flock`), which SQLite, whose own are of another kind, does not see. It must be dropped
/// after the last connection: closing any descriptor of a file drops SQLite's locks on it.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held, not read")] File);

impl Lock {
    /// Makes the file if there is none.
    pub(crate) fn take(file: &Path) -> Result<Self, StoreError> {
        let failed = StoreError::io(file);
        // Only its owner may read it: it holds what commands were given and printed.
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let open = options.open(file).map_err(&failed)?;
        match open.try_lock() {
            Ok(()) => Ok(Self(open)),
            Err(TryLockError::WouldBlock) => Err(StoreError::new(file, Kind::Locked { by: None })),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}
