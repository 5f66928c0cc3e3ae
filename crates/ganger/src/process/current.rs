//! This process, and the one that started it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use ganger_sys::Peer;

use crate::bootstrap::Solo;

/// What a process knows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentProcess {
    name: String,
    daemon: bool,
}

impl CurrentProcess {
    /// Its name: `MainProcess` for one that was not started as a [`Process`](crate::Process).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        std::process::id()
    }

    /// Whether it ends with its parent.
    #[must_use]
    pub fn daemon(&self) -> bool {
        self.daemon
    }
}

struct Origin {
    current: CurrentProcess,
    parent: ParentProcess,
}

static ORIGIN: OnceLock<Origin> = OnceLock::new();

/// This process was started for one call.
pub(crate) fn set(solo: &Solo, parent: u32) -> io::Result<()> {
    let current = CurrentProcess { name: solo.name.clone(), daemon: solo.daemon };
    let parent = ParentProcess { name: solo.parent.clone(), pid: parent, peer: Peer::open(parent)? };
    // The only time in its life.
    let _ = ORIGIN.set(Origin { current, parent });
    Ok(())
}

/// The process that calls this: `multiprocessing.current_process`.
///
/// ```
/// assert_eq!(ganger::current_process().name(), "MainProcess");
/// ```
#[must_use]
pub fn current_process() -> &'static CurrentProcess {
    static MAIN: LazyLock<CurrentProcess> =
        LazyLock::new(|| CurrentProcess { name: "MainProcess".to_owned(), daemon: false });
    ORIGIN.get().map_or(&MAIN, |origin| &origin.current)
}

/// The process that started this one: `multiprocessing.parent_process`. None in one that was not started as a
/// [`Process`](crate::Process).
#[must_use]
pub fn parent_process() -> Option<&'static ParentProcess> {
    ORIGIN.get().map(|origin| &origin.parent)
}

/// The process that started this one. However it ends, even by SIGKILL, this tells.
#[derive(Debug)]
pub struct ParentProcess {
    name: String,
    pid: u32,
    peer: Peer,
}

impl ParentProcess {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id, which may be another's once it has ended.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether it has not ended.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !self.join(Some(Duration::ZERO))
    }

    /// Waits for its end, for at most `timeout`; false: it is still there.
    #[must_use]
    pub fn join(&self, timeout: Option<Duration>) -> bool {
        self.peer.wait(timeout)
    }
}

/// Readable when it has ended.
impl AsFd for ParentProcess {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.peer.as_fd()
    }
}
