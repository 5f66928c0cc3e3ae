//! Tasks that run until they are let go: so that a test knows what runs, without a clock.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::eventually;

/// A directory: tasks sign in with a file, and wait for one called `open`.
pub(crate) struct Gate {
    dir: TempDir,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    /// The argument for [`hold`].
    pub(crate) fn path(&self) -> String {
        self.dir.path().to_str().unwrap().to_owned()
    }

    /// How many tasks have come to the gate.
    pub(crate) fn begun(&self) -> usize {
        fs::read_dir(self.dir.path()).unwrap().filter(|entry| entry.as_ref().unwrap().file_name() != "open").count()
    }

    /// Waits until so many have.
    #[track_caller]
    pub(crate) fn await_begun(&self, tasks: usize) {
        eventually(&format!("{tasks} tasks at the gate"), || self.begun() >= tasks);
    }

    /// Lets all go, those that come later too.
    pub(crate) fn open(&self) {
        fs::write(self.dir.path().join("open"), "").unwrap();
    }
}

/// Nothing may be left, or a task that has just come would wait for ever: one that signs in while the directory is being
/// emptied keeps it from being removed.
impl Drop for Gate {
    fn drop(&mut self) {
        while self.dir.path().exists() {
            let _ = fs::remove_dir_all(self.dir.path());
        }
    }
}

/// Signs in at a gate and waits until it is opened, or gone. Gives the process id.
#[ganger::task]
pub(crate) fn hold(gate: String) -> u32 {
    let (dir, pid) = (Path::new(&gate), std::process::id());
    let signed = tempfile::Builder::new().prefix(&format!("{pid}-")).tempfile_in(dir).and_then(|file| Ok(file.keep()?));
    while signed.is_ok() && dir.exists() && !dir.join("open").exists() {
        thread::sleep(Duration::from_millis(1));
    }
    pid
}
