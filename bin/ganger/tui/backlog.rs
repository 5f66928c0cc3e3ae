//! What is to be written to the terminal when it is free: in memory, and on the disk if it becomes long.

use std::fs::OpenOptions;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::SpooledTempFile;

/// So many bytes in memory.
const IN_MEMORY: usize = 1 << 20;

/// Takes what is written, by whoever has a clone, and keeps it in order.
#[derive(Clone)]
pub(crate) struct Backlog(Arc<Mutex<SpooledTempFile>>);

impl Default for Backlog {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(SpooledTempFile::new(IN_MEMORY))))
    }
}

impl Backlog {
    /// Writes all of it to the terminal.
    pub(super) fn print(&self) -> io::Result<()> {
        let mut file = self.file();
        file.seek(SeekFrom::Start(0))?;
        let mut terminal = OpenOptions::new().write(true).open(super::screen::TERMINAL)?;
        io::copy(&mut *file, &mut terminal).map(drop)
    }

    fn file(&self) -> MutexGuard<'_, SpooledTempFile> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Backlog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
