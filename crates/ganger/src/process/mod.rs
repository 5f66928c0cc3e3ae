//! Processes: one call of a registered function, in a process of its own.
//!
//! ```text
//!             start            exit, signal
//!   New ──────────────► Running ───────────► Ended(exit) ──┐ close
//!    └──────────────────────────────────────────────────── ┴──────► Closed
//! ```

mod builder;
pub use builder::ProcessBuilder;

mod call;

mod running;

mod launcher;
pub(crate) use launcher::{Standing, standing};

mod alone;

mod thread;

mod children;
pub use children::active_children;

pub(crate) mod current;
pub use current::{CurrentProcess, ParentProcess, current_process, parent_process};

use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ganger_proto::outcome::Exit;
use ganger_sys::Signal;

use crate::error::{Error, ErrorKind};
use crate::process::call::Call;
use crate::process::running::Running;
use crate::task::{Portable, Task};

/// A call of a registered function in a process of its own: `multiprocessing.Process`.
///
/// The process is a fork of a zygote, which executes this program once: nothing of this process's threads, locks or open
/// files is in it. [`ProcessBuilder::start_method`] has the other ways. It exits with 0 when the function returns, with 1
/// (and the error on standard error) when it returns an error, with 101 (and the panic on standard error) when it panics, and
/// with `n` after `std::process::exit(n)`.
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
    daemon: AtomicBool,
    state: Mutex<State>,
}

enum State {
    New(Call),
    Running(Running),
    Ended { pid: u32, exit: Exit },
    Closed,
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
        Self::builder().build(f, args)
    }

    /// As [`new`](Self::new), with a name.
    ///
    /// # Errors
    /// As [`ProcessBuilder::build`].
    pub fn named<F, A, S>(name: &str, f: F, args: A) -> Result<Self, Error>
    where
        F: Task<A, S>,
        A: Portable,
    {
        Self::builder().name(name).build(f, args)
    }

    /// To say more: the start method, the program.
    #[must_use]
    pub fn builder() -> ProcessBuilder {
        ProcessBuilder::default()
    }

    fn of(call: Call) -> Self {
        let (name, daemon) = (call.name.clone(), call.daemon.into());
        Self(Arc::new(Inner { name, daemon, state: Mutex::new(State::New(call)) }))
    }

    /// Whether the process ends with this one, even if this one is killed: the kernel sees to it. Without, it lives on.
    ///
    /// # Errors
    /// When it was started already.
    pub fn set_daemon(&self, daemon: bool) -> Result<(), Error> {
        match &mut *self.state() {
            State::New(call) => call.daemon = daemon,
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
    /// processes or descriptors. When the program is none that can be one: [`Error::is_worker_program`].
    pub fn start(&self) -> Result<(), Error> {
        let mut state = self.state();
        let call = match std::mem::replace(&mut *state, State::Closed) {
            State::New(call) => call,
            other @ (State::Running(_) | State::Ended { .. } | State::Closed) => {
                *state = other;
                return Err(wrong("start", "a process is started once: make another"));
            }
        };
        let (running, here) = Running::start(call)?;
        *state = State::Running(running);
        drop(state);
        children::add(self);
        here.into_iter().for_each(|run| run());
        Ok(())
    }

    /// Waits for its end, for at most `timeout`; none: it still runs.
    ///
    /// # Errors
    /// When it was not started, was closed, or somebody else has reaped it; when it is the calling thread itself.
    pub fn join(&self, timeout: Option<Duration>) -> Result<Option<Exit>, Error> {
        let end = match &*self.state() {
            State::New(..) => return Err(wrong("join", "the process was not started")),
            State::Closed => return Err(closed()),
            State::Ended { exit, .. } => return Ok(Some(*exit)),
            State::Running(running) => running.end(),
        };
        end.wait(timeout)?;
        self.exit_status()
    }

    /// How it ended; none: it has not been started, or still runs. Never waits.
    ///
    /// # Errors
    /// When it was closed, or somebody else has reaped it.
    pub fn exit_status(&self) -> Result<Option<Exit>, Error> {
        let mut state = self.state();
        if let State::Running(running) = &mut *state {
            let Some(exit) = running.try_wait()? else { return Ok(None) };
            *state = State::Ended { pid: running.pid(), exit };
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

    /// Its process id, once it was started: a thread's is that of this process.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        match &*self.state() {
            State::Running(running) => Some(running.pid()),
            State::Ended { pid, .. } => Some(*pid),
            State::New(..) | State::Closed => None,
        }
    }

    /// Sends SIGTERM.
    ///
    /// # Errors
    /// When it was not started, or was closed. That it has ended is no error. A thread cannot be sent one:
    /// [`Error::is_unsupported`].
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
            State::Running(running) => running.signal(what, signal),
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
            State::Running(running) => running.sentinel(),
            State::Ended { .. } => ended_sentinel().map_err(Error::system("make a pipe")),
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
fn ended_sentinel() -> std::io::Result<OwnedFd> {
    std::io::pipe().map(|(reader, _)| reader.into())
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
            State::Running(running) => format!("pid {}", running.pid()),
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
        if let Err(error) = running.let_go(*self.daemon.get_mut()) {
            log::warn!("process {}: {error}", self.name);
        }
    }
}
