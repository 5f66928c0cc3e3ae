//! Values of one type in shared memory, behind a lock that may be used or not.
//!
//! ```text
//!  word   0               1    2    3
//!         an RLock's own  tag  len  cells …
//! ```
//!
//! So the memory of every value is also that of a recursive lock: a value with a lock of its own is one descriptor.

use std::io;
use std::os::fd::BorrowedFd;

use ganger_shm::state::{Cells, Plain};
use serde::{Serialize, Serializer};

use crate::passing::Passed;
use crate::sync::RLock;
use crate::sync::backing::{Backing, Kind};

const TAG: usize = 1;
const LEN: usize = 2;
const CELLS: usize = 3;

#[derive(Clone, Debug)]
pub(super) struct Memory<T> {
    backing: Backing,
    cells: Cells<T>,
}

impl<T: Plain> Memory<T> {
    /// So many values, all zero.
    pub(super) fn create(len: usize) -> io::Result<Self> {
        let words = Cells::<T>::words(len).and_then(|words| words.checked_add(CELLS));
        let backing = Backing::create(Kind::RLock, words.ok_or(io::ErrorKind::InvalidInput)?)?;
        backing.poke(TAG, Cells::<T>::TAG);
        backing.poke(LEN, len as u64);
        Self::over(backing)
    }

    pub(super) fn open(fd: Passed) -> io::Result<Self> {
        Self::over(Backing::open(fd, Kind::RLock)?)
    }

    fn over(backing: Backing) -> io::Result<Self> {
        let long_enough = backing.len() >= CELLS;
        if !long_enough || backing.peek(TAG) != Cells::<T>::TAG {
            return Err(foreign("of another type"));
        }
        let cells = usize::try_from(backing.peek(LEN)).ok().and_then(|len| Cells::over(&backing, CELLS, len));
        Ok(Self { cells: cells.ok_or_else(|| foreign("too short"))?, backing })
    }

    pub(super) fn cells(&self) -> &Cells<T> {
        &self.cells
    }

    /// The lock that lies before the values.
    pub(super) fn lock(&self) -> RLock {
        RLock::over(self.backing.clone())
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.backing.fd()
    }
}

fn foreign(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("shared memory that holds no such values: it is {what}"))
}

impl<T> Serialize for Memory<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.backing.serialize(serializer)
    }
}
