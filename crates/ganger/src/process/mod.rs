//! Processes: one call of a registered function, in a process of its own.
//!
//! ```text
//!             start            exit, signal
//!   New ──────────────► Running ───────────► Ended(exit) ──┐ close
//!    └──────────────────────────────────────────────────── ┴──────► Closed
//! ```

mod launcher;

mod children;
pub use children::active_children;

pub(crate) mod current;
pub use current::{CurrentProcess, ParentProcess, current_process, parent_process};

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ganger_proto::codec::{self, DEFAULT_PAYLOAD_LIMIT};
use ganger_proto::outcome::Exit;
use ganger_sys::{Child, Signal, wait_readable};

use crate::bootstrap::{Freight, Solo};
use crate::error::{Error, ErrorKind};
use crate::exit::{OomWatch, translated};
use crate::logging;
use crate::passing;
use crate::task::{Portable, Task, lookup};

/// How long a daemon may take to end after it was asked to, before it is killed.
const GRACE: Duration = Duration::from_secs(10);

/// A call of a registered function in a process of its own: `multiprocessing.Process`.
///
/// The process is a fork of a zygote, which executes this program once: nothing of this process's threads, locks or open
/// files is in it. It exits with 0 when the function returns, with 1 (and the error on standard error) when it returns an
/// error, with 101 (and the panic on standard error) when it panics, and with `n` after `std::process::exit(n)`.
///
/// Dropping the last handle of a running process waits for it, as Python waits for its children at exit; a
/// [daemon](Self::set_daemon) is ended instead.
///
/// ```
/// use ganger::{Exit, Process};
///
/// #[ganger::task]
/// fn greet(name: String) { println!("hello {name}"); }
///
/// # fn main() -> Result<(), ganger::Error> {
/// ganger::init();
/// let process = Process::new(greet, "you".to_owned())?;
/// process.start()?;
/// assert_eq!(process.join(None)?, Some(Exit::Code(0)));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Process(Arc<Inner>);

struct Inner {
    name: String,
    daemon: std::sync::atomic::AtomicBool,
    state: Mutex<State>,
}

enum State {
    New(Solo, Freight),
    Running(Running),
    Ended { pid: u32, exit: Exit },
    Closed,
}

struct Running {
    child: Child,
    /// The pidfd once more: waited on without the lock.
    sentinel: Arc<OwnedFd>,
    oom: OomWatch,
}

impl Process {
    /// A process that will call `f`. It is started by [`start`](Self::start).
    ///
    /// # Errors
    /// When the function is not registered, or the arguments cannot be encoded.
    pub fn new<F, A, S>(f: F, args: A) -> Result<Self, Error>
    where
        F: Task<A, S>,
        A: Portable,
    {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("Process-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        Self::named(&name, f, args)
    }

    /// As [`new`](Self::new), with a name.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn named<F, A, S>(name: &str, _: F, args: A) -> Result<Self, Error>
    where
        F: Task<A, S>,
        A: Portable,
    {
        let function = lookup::<F>()?;
        let (bytes, passed) = passing::sending(|| codec::encode(&args, DEFAULT_PAYLOAD_LIMIT));
        let bytes = bytes?;
        let args = ganger_sys::sealed("ganger-args", &bytes).map_err(Error::system("make memory for arguments"))?;
        let (name, parent) = (name.to_owned(), current_process().name().to_owned());
        let (length, limit) = (bytes.len() as u64, DEFAULT_PAYLOAD_LIMIT);
        let solo = Solo { function, name: name.clone(), parent, daemon: false, length, limit, log_level: 0 };
        let state = Mutex::new(State::New(solo, Freight::Solo { args, passed }));
        Ok(Self(Arc::new(Inner { name, daemon: false.into(), state })))
    }

    /// Whether the process ends with this one, even if this one is killed: the kernel sees to it. Without, it lives on.
    ///
    /// # Errors
    /// When it was started already.
    pub fn set_daemon(&self, daemon: bool) -> Result<(), Error> {
        match &mut *self.state() {
            State::New(solo, _) => solo.daemon = daemon,
            State::Running(_) | State::Ended { .. } | State::Closed => {
                return Err(wrong("set daemon", "the process was started already"));
            }
        }
        self.0.daemon.store(daemon, Ordering::Relaxed);
        Ok(())
    }

    /// Starts it.
    ///
    /// # Errors
    /// When it was started before, this is a worker that has not called [`init`](crate::init), or there are too many
    /// processes or descriptors.
    pub fn start(&self) -> Result<(), Error> {
        let mut state = self.state();
        let (solo, freight) = match std::mem::replace(&mut *state, State::Closed) {
            State::New(solo, freight) => (Solo { log_level: logging::heritage(), ..solo }, freight),
            other @ (State::Running(_) | State::Ended { .. } | State::Closed) => {
                *state = other;
                return Err(wrong("start", "a process is started once: make another"));
            }
        };
        let oom = OomWatch::begin();
        let child = launcher::launch(solo, freight)?;
        let sentinel = child.as_fd().try_clone_to_owned().map_err(Error::system("keep a pidfd"))?;
        *state = State::Running(Running { child, sentinel: Arc::new(sentinel), oom });
        drop(state);
        children::add(self);
        Ok(())
    }

    /// Waits for its end, for at most `timeout`; none: it still runs.
    ///
    /// # Errors
    /// When it was not started, was closed, or somebody else has reaped it.
    pub fn join(&self, timeout: Option<Duration>) -> Result<Option<Exit>, Error> {
        let sentinel = match &*self.state() {
            State::New(..) => return Err(wrong("join", "the process was not started")),
            State::Closed => return Err(closed()),
            State::Ended { exit, .. } => return Ok(Some(*exit)),
            State::Running(running) => Arc::clone(&running.sentinel),
        };
        wait_readable([sentinel.as_fd()], timeout).map_err(Error::system("wait for a process"))?;
        self.exit_status()
    }

    /// How it ended; none: it has not been started, or still runs. Never waits.
    ///
    /// # Errors
    /// When it was closed, or somebody else has reaped it.
    pub fn exit_status(&self) -> Result<Option<Exit>, Error> {
        let mut state = self.state();
        if let State::Running(running) = &mut *state {
            let Some(exit) = running.child.try_wait().map_err(Error::system("reap a process"))? else {
                return Ok(None);
            };
            let exit = running.oom.named(translated(exit));
            *state = State::Ended { pid: running.child.pid(), exit };
        }
        match &*state {
            State::Ended { exit, .. } => Ok(Some(*exit)),
            State::Closed => Err(closed()),
            State::New(..) | State::Running(_) => Ok(None),
        }
    }

    /// Whether it was started and has not ended.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.exit_status().is_ok_and(|exit| exit.is_none()) && matches!(&*self.state(), State::Running(_))
    }

    /// Its name: `Process-N` unless it was given one.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether it ends with this process.
    #[must_use]
    pub fn daemon(&self) -> bool {
        self.0.daemon.load(Ordering::Relaxed)
    }

    /// Its process id, once it was started.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        match &*self.state() {
            State::Running(running) => Some(running.child.pid()),
            State::Ended { pid, .. } => Some(*pid),
            State::New(..) | State::Closed => None,
        }
    }

    /// Sends SIGTERM.
    ///
    /// # Errors
    /// When it was not started, or was closed. That it has ended is no error.
    pub fn terminate(&self) -> Result<(), Error> {
        self.signal("terminate", Signal::Term)
    }

    /// Sends SIGKILL.
    ///
    /// # Errors
    /// As [`terminate`](Self::terminate).
    pub fn kill(&self) -> Result<(), Error> {
        self.signal("kill", Signal::Kill)
    }

    /// Sends SIGINT, as Ctrl-C does.
    ///
    /// # Errors
    /// As [`terminate`](Self::terminate).
    pub fn interrupt(&self) -> Result<(), Error> {
        self.signal("interrupt", Signal::Int)
    }

    fn signal(&self, what: &'static str, signal: Signal) -> Result<(), Error> {
        match &*self.state() {
            State::Running(running) => {
                running.child.signal(signal).map(drop).map_err(Error::system("signal a process"))
            }
            State::Ended { .. } => Ok(()),
            State::New(..) => Err(wrong(what, "the process was not started")),
            State::Closed => Err(closed()),
        }
    }

    /// What becomes readable when the process ends, for whoever polls many things.
    ///
    /// # Errors
    /// When it was not started, was closed, or there are no descriptors left.
    pub fn sentinel(&self) -> Result<OwnedFd, Error> {
        match &*self.state() {
            State::Running(running) => running.sentinel.try_clone().map_err(Error::system("copy a sentinel")),
            State::Ended { .. } => ended_sentinel(),
            State::New(..) => Err(wrong("sentinel", "the process was not started")),
            State::Closed => Err(closed()),
        }
    }

    /// Lets go of what is kept of it. Closing twice is no error.
    ///
    /// # Errors
    /// When it still runs: join it first.
    pub fn close(&self) -> Result<(), Error> {
        if self.is_alive() {
            return Err(wrong("close", "the process still runs: join() or terminate() it first"));
        }
        *self.state() = State::Closed;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pipe whose other end is closed is readable for ever, as the sentinel of an ended process is.
fn ended_sentinel() -> Result<OwnedFd, Error> {
    let (reader, _) = std::io::pipe().map_err(Error::system("make a pipe"))?;
    Ok(reader.into())
}

fn wrong(what: &'static str, why: &str) -> Error {
    Error::new(ErrorKind::Process { what, why: why.to_owned() })
}

fn closed() -> Error {
    wrong("use", "the process object is closed")
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &*self.state() {
            State::New(..) => "new".to_owned(),
            State::Running(running) => format!("pid {}", running.child.pid()),
            State::Ended { exit, .. } => exit.to_string(),
            State::Closed => "closed".to_owned(),
        };
        write!(f, "Process({}, {state})", self.name())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let State::Running(running) = state else { return };
        let waited = if *self.daemon.get_mut() {
            // That it is gone already is as well.
            let _ = running.child.signal(Signal::Term);
            running.child.wait_timeout(GRACE).map(drop)
        } else if std::thread::panicking() {
            Ok(())
        } else {
            running.child.wait().map(drop)
        };
        if let Err(error) = waited {
            log::warn!("process {}: {error}", self.name);
        }
    }
}

impl AsFd for Running {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.sentinel.as_fd()
    }
}
