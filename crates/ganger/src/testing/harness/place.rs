//! Where a test that is alone has its temporary files, and where its words go.

use std::env;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory that goes with it.
pub(super) struct Place(PathBuf);

impl Place {
    pub(super) fn new() -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("ganger-test-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let place = Self(env::temp_dir().join(name));
        let mut private = DirBuilder::new();
        private.mode(0o700);
        private.create(&place.0)?;
        private.create(place.temporary())?;
        Ok(place)
    }

    /// Where TMPDIR points: what is in it at the end, the test has left.
    pub(super) fn temporary(&self) -> PathBuf {
        self.0.join("tmp")
    }

    /// For what the test prints. A file: whoever outlives the test could hold a pipe open.
    pub(super) fn output(&self) -> io::Result<File> {
        File::options().create(true).append(true).open(self.0.join("printed"))
    }

    pub(super) fn printed(&self) -> io::Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(self.0.join("printed"))?).into_owned())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A file that somebody still makes there stays, and is told by nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}
