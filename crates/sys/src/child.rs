//! A process that is our own child: its pid, its pidfd, its end.
//!
//! ```text
//!            try_wait, wait, wait_timeout
//!  Running ───────────────────────────────► Ended(exit, usage)
//!     │ signal: pidfd_send_signal               signal: Ok(false)
//!     │ signal_group: kill(-pid)
//!     └ drop: KILL to the group, then reaped
//! ```
//!
//! As long as a child is not reaped, its pid names it and its group and nobody else: not even a dead child's pid is
//! given away. This is why nothing but [`Child`] may wait for it.

use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

use crate::errno::{check, retry};
use crate::kin::kin;
use crate::{Signal, wait_readable};

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit {
    /// By `exit`, with this code.
    Code(i32),
    /// By a signal.
    Signal {
        /// Its number, which may be that of a real-time signal: see [`Signal::from_number`].
        number: i32,
        /// Whether a core was written.
        core: bool,
    },
}

impl Exit {
    /// Whether the process exited with code 0.
    #[must_use]
    pub const fn success(self) -> bool {
        matches!(self, Self::Code(0))
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal { number, core } => {
                let name = Signal::from_number(number).map_or("a real-time signal", Signal::name);
                write!(f, "killed by {name} ({number}){}", if core { ", core dumped" } else { "" })
            }
        }
    }
}

/// What a process, with all its descendants that were waited for, has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time in user mode.
    pub user: Duration,
    /// Processor time in the kernel.
    pub system: Duration,
    /// The largest resident set of any of them, in bytes. The kernel counts what the child shared with its parent
    /// before it executed its program, so this is never below what the starting process itself had resident.
    pub max_rss: u64,
}

impl Usage {
    /// What both have used: times are added, of the memory the larger counts.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            user: self.user + other.user,
            system: self.system + other.system,
            max_rss: self.max_rss.max(other.max_rss),
        }
    }
}

/// A child process. Dropping one that runs kills it, with its process group, and reaps it.
#[derive(Debug)]
pub struct Child {
    pid: u32,
    pidfd: OwnedFd,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Running,
    Ended(Exit, Usage),
}

impl Child {
    /// Takes over a child that another process forked for us: see [`fork_sibling`](crate::fork_sibling).
    ///
    /// # Errors
    /// When the pidfd is not that of a child of this process, or the pid cannot be one.
    pub fn adopt(pid: u32, pidfd: OwnedFd) -> io::Result<Self> {
        if pid <= 1 || i32::try_from(pid).is_err() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{pid} is no child's pid")));
        }
        waitid(pidfd.as_fd(), libc::WNOHANG | libc::WNOWAIT)?;
        Ok(Self::registered(pid, pidfd))
    }

    /// Takes over a child that this process has just forked and that nobody else waits for.
    pub(crate) fn open(pid: u32) -> io::Result<Self> {
        // SAFETY: no memory is passed; the descriptor is new, so nobody else owns it.
        let pidfd = unsafe {
            let fd = check(libc::syscall(libc::SYS_pidfd_open, pid as libc::pid_t, 0))?;
            OwnedFd::from_raw_fd(fd as i32)
        };
        Ok(Self::registered(pid, pidfd))
    }

    /// As [`adopt`](Self::adopt), for a pid and a pidfd that `clone` itself has just given us together.
    pub(crate) fn from_clone(pid: u32, pidfd: OwnedFd) -> Self {
        Self::registered(pid, pidfd)
    }

    fn registered(pid: u32, pidfd: OwnedFd) -> Self {
        kin().add(pid);
        Self { pid, pidfd, state: State::Running }
    }

    /// Its process id. It names this child only until it has been waited for.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended, if it has been waited for.
    #[must_use]
    pub fn exit(&self) -> Option<Exit> {
        self.ended().map(|(exit, _)| exit)
    }

    /// Reaps it if it has ended, and tells how; `None` while it runs. Once reaped, the answer stays the same.
    ///
    /// # Errors
    /// When somebody else has reaped it, which is a bug in the host program: `waitpid(-1)`, or an ignored `SIGCHLD`.
    pub fn try_wait(&mut self) -> io::Result<Option<Exit>> {
        self.reap(libc::WNOHANG)?;
        Ok(self.exit())
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// As [`try_wait`](Self::try_wait).
    pub fn wait(&mut self) -> io::Result<Exit> {
        self.wait_with_usage().map(|(exit, _)| exit)
    }

    /// Waits for its end, and tells what it has used.
    ///
    /// # Errors
    /// As [`try_wait`](Self::try_wait).
    pub fn wait_with_usage(&mut self) -> io::Result<(Exit, Usage)> {
        loop {
            self.reap(0)?;
            if let Some(end) = self.ended() {
                return Ok(end);
            }
        }
    }

    /// What it has used, if it has been waited for.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        self.ended().map(|(_, usage)| usage)
    }

    /// Waits for its end for at most `timeout`; `None` when it still runs then.
    ///
    /// # Errors
    /// As [`try_wait`](Self::try_wait).
    pub fn wait_timeout(&mut self, timeout: Duration) -> io::Result<Option<Exit>> {
        if self.exit().is_none() {
            wait_readable([self.as_fd()], Some(timeout))?;
        }
        self.try_wait()
    }

    /// Sends it a signal. `false`: it is gone, and nobody got the signal.
    ///
    /// # Errors
    /// When it has become another user's process (a set-user-id program).
    pub fn signal(&self, signal: Signal) -> io::Result<bool> {
        let State::Running = self.state else { return Ok(false) };
        let (fd, no_info) = (self.pidfd.as_raw_fd(), std::ptr::null::<libc::siginfo_t>());
        // SAFETY: no memory is passed.
        let sent = check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal.number(), no_info, 0) });
        delivered(sent.map(drop))
    }

    /// Sends a signal to the process group that it leads, if it leads one. `false`: there is no such group.
    ///
    /// A child that has ended but not been waited for still keeps its group's name from others, so what it left behind
    /// in the group is hit, and nobody else. Once it has been waited for, nothing is sent.
    ///
    /// # Errors
    /// When no process of the group may be signalled by us.
    pub fn signal_group(&self, signal: Signal) -> io::Result<bool> {
        let State::Running = self.state else { return Ok(false) };
        // SAFETY: no memory is passed. The pid is above 1, so this is neither our own group nor everybody.
        delivered(check(unsafe { libc::kill(-(self.pid as libc::pid_t), signal.number()) }).map(drop))
    }

    fn ended(&self) -> Option<(Exit, Usage)> {
        match self.state {
            State::Running => None,
            State::Ended(exit, usage) => Some((exit, usage)),
        }
    }

    fn reap(&mut self, flags: i32) -> io::Result<()> {
        if let State::Running = self.state
            && let Some((exit, usage)) = reap(self.pid, self.pidfd.as_fd(), flags)?
        {
            self.state = State::Ended(exit, usage);
        }
        Ok(())
    }
}

impl AsFd for Child {
    /// The pidfd: readable when the child has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let State::Running = self.state else { return };
        // Errors leave nothing to do: what cannot be signalled is gone, or not ours any more.
        let _ = self.signal_group(Signal::Kill);
        let _ = self.signal(Signal::Kill);
        match self.wait_timeout(Duration::from_secs(1)) {
            Ok(Some(_)) => {}
            Ok(None) => reap_later(self.pid, self.pidfd.as_fd()),
            Err(_) => kin().forget(self.pid),
        }
    }
}

/// Leaves a killed child that does not end (it waits for a disk, or the network) to a thread of its own. Should there
/// be no thread or descriptor for that, it stays a zombie until this process ends.
fn reap_later(pid: u32, pidfd: BorrowedFd<'_>) {
    let Ok(pidfd) = pidfd.try_clone_to_owned() else { return };
    let reaper = std::thread::Builder::new().name("reaper".into()).stack_size(16 << 10);
    let _ = reaper.spawn(move || reap(pid, pidfd.as_fd(), 0));
}

/// Reaps it if it has ended, or waits for its end. As soon as it is reaped its pid may be another's: so the register is locked
/// for that, and never while one waits.
fn reap(pid: u32, pidfd: BorrowedFd<'_>, flags: i32) -> io::Result<Option<(Exit, Usage)>> {
    if flags & libc::WNOHANG == 0 {
        waitid(pidfd, flags | libc::WNOWAIT)?;
    }
    let mut kin = kin();
    let ended = waitid(pidfd, flags | libc::WNOHANG)?;
    ended.iter().for_each(|_| kin.forget(pid));
    Ok(ended)
}

fn delivered(sent: io::Result<()>) -> io::Result<bool> {
    match sent {
        Ok(()) => Ok(true),
        Err(e) if e.raw_os_error() == Some(libc::ESRCH) => Ok(false),
        Err(e) => Err(e),
    }
}

fn waitid(pidfd: BorrowedFd<'_>, flags: i32) -> io::Result<Option<(Exit, Usage)>> {
    wait_for(libc::P_PIDFD, pidfd.as_raw_fd() as libc::id_t, flags)
}

/// Reaps a child for which there is no descriptor, if it has ended. Only [`sweep`](crate::sweep) does so.
pub(crate) fn reap_pid(pid: u32) -> io::Result<Option<(Exit, Usage)>> {
    wait_for(libc::P_PID, pid, libc::WNOHANG)
}

/// The raw call, since only that one tells the usage as well.
fn wait_for(by: libc::idtype_t, id: libc::id_t, flags: i32) -> io::Result<Option<(Exit, Usage)>> {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let mut used = MaybeUninit::<libc::rusage>::zeroed();
    let (call, flags) = (libc::SYS_waitid, libc::WEXITED | flags);
    retry(|| {
        // SAFETY: both structures live through the call and are of the kernel's layout.
        check(unsafe { libc::syscall(call, by, id, info.as_mut_ptr(), flags, used.as_mut_ptr()) })
    })?;
    // SAFETY: zeroes are valid for both, and the kernel has written plain integers over them; `si_pid` and `si_status`
    // are the fields that waitid fills.
    let (info, used, pid, status) = unsafe {
        let info = info.assume_init();
        (info, used.assume_init(), info.si_pid(), info.si_status())
    };
    let exit = match info.si_code {
        _ if pid == 0 => return Ok(None),
        libc::CLD_EXITED => Exit::Code(status),
        code => Exit::Signal { number: status, core: code == libc::CLD_DUMPED },
    };
    Ok(Some((exit, usage(&used))))
}

fn usage(used: &libc::rusage) -> Usage {
    let time = |t: libc::timeval| Duration::new(t.tv_sec as u64, t.tv_usec as u32 * 1000);
    Usage { user: time(used.ru_utime), system: time(used.ru_stime), max_rss: used.ru_maxrss as u64 * 1024 }
}
