//! This process, and the one that started it. A thread that was started as a process counts as one.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ganger_sys::Peer;

use crate::bootstrap::Solo;

/// What a process knows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentProcess {
    name: String,
    daemon: bool,
    /// 0 for a process; each thread that is one has its own.
    number: u64,
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

    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

struct Origin {
    current: CurrentProcess,
    parent: ParentProcess,
}

static ORIGIN: OnceLock<Origin> = OnceLock::new();

thread_local! {
    /// The process that this thread is.
    static THREAD: RefCell<Option<CurrentProcess>> = const { RefCell::new(None) };
}

/// Until what it returns is dropped, this thread is a process of that name.
#[must_use]
pub(super) fn enter(name: &str, daemon: bool) -> Scope {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Scope(THREAD.replace(Some(CurrentProcess { name: name.to_owned(), daemon, number })))
}

/// What this thread was before.
pub(super) struct Scope(Option<CurrentProcess>);

impl Drop for Scope {
    fn drop(&mut self) {
        THREAD.set(self.0.take());
    }
}

/// This process was started for one call.
pub(crate) fn set(solo: &Solo, parent: u32) -> io::Result<()> {
    let current = CurrentProcess { name: solo.name.clone(), daemon: solo.daemon, number: 0 };
    let parent = ParentProcess { name: solo.parent.clone(), pid: parent, peer: Peer::open(parent)? };
    // The only time in its life.
    let _ = ORIGIN.set(Origin { current, parent });
    Ok(())
}

/// The process that calls this: `multiprocessing.current_process`. In a thread that was started as a
/// [`Process`](crate::Process) that one.
///
/// ```
/// assert_eq!(ganger::current_process().name(), "MainProcess");
/// ```
#[must_use]
pub fn current_process() -> CurrentProcess {
    // A thread that is ending has none any more.
    let thread = THREAD.try_with(|thread| thread.borrow().clone()).ok().flatten();
    thread.or_else(|| ORIGIN.get().map(|origin| origin.current.clone())).unwrap_or_else(|| CurrentProcess {
        name: "MainProcess".to_owned(),
        daemon: false,
        number: 0,
    })
}

/// The process that started this one: `multiprocessing.parent_process`. None in one that was not started as a
/// [`Process`](crate::Process). In a thread that was, it is that of the process which the thread belongs to.
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
