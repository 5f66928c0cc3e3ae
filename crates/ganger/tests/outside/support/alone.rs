//! Tests in a process of their own: for what a whole process holds, changes about itself, or dies of.
//!
//! The test program runs itself with the one test; there the same call runs the test's body, and signs at its end, so
//! that a name that matches no test is noticed.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::support::deadline::{PATIENCE, eventually_within};

const NAME: &str = "GANGER_TEST_ALONE";
const PLACE: &str = "GANGER_TEST_PLACE";
const SIGNED: &str = "signed";

/// A place for the files of a test that is alone: an empty directory, and beside it TMPDIR.
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Where TMPDIR points.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.0.join("tmp")
    }
}

/// Runs `body` as the test `name` (`module::function`) in a process of its own.
#[track_caller]
pub(crate) fn alone(name: &str, body: impl FnOnce(&Place)) {
    program(name, &env::current_exe().unwrap(), body);
}

/// As [`alone`], with another file of this program.
#[track_caller]
pub(crate) fn program(name: &str, program: &Path, body: impl FnOnce(&Place)) {
    if let Some(place) = here(name) {
        body(&place);
        return fs::write(place.file(SIGNED), "").unwrap();
    }
    let dir = TempDir::new().unwrap();
    let mut child = start(name, program, dir.path(), "");
    let mut exit = None;
    // Longer than a wait of its own: what it waited for in vain is told by itself.
    eventually_within(2 * PATIENCE, &format!("the end of {name}"), || {
        exit = child.try_wait().unwrap();
        exit.is_some()
    });
    assert!(exit.is_some_and(|exit| exit.success()), "{name}, alone: {exit:?}");
    assert!(dir.path().join(SIGNED).exists(), "no test is called {name}");
}

/// The place, if this process was started for this test.
pub(crate) fn here(name: &str) -> Option<Place> {
    (env::var_os(NAME).as_deref() == Some(OsStr::new(name)))
        .then(|| Place(env::var_os(PLACE).expect("set together").into()))
}

/// The word that the process was started with.
pub(crate) fn word() -> String {
    env::var("GANGER_TEST_WORD").unwrap_or_default()
}

/// Starts the test alone, and leaves it to the caller.
pub(crate) fn start(name: &str, program: &Path, place: &Path, word: &str) -> Child {
    let temporary = place.join("tmp");
    fs::create_dir(&temporary).unwrap();
    Command::new(program)
        .args([name, "--exact", "--nocapture", "--quiet", "--test-threads=1"])
        .envs([(NAME, OsStr::new(name)), (PLACE, place.as_os_str()), ("TMPDIR", temporary.as_os_str())])
        .env("GANGER_TEST_WORD", word)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}
