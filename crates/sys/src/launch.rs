//! Starting a command at little more than what `execve` costs, and set up by us, as the command cannot do it itself.
//!
//! ```text
//!  start                                       the child, on a stack of its own in our memory
//!    │ everything allocated, signals blocked      │
//!    ├─ clone(CLONE_VM | CLONE_VFORK) ──────────► │ group, death signal, signals' defaults,
//!    ╎  this thread stands still                  │ stdin, stdout, stderr, directory
//!    ◄─────────────── execve, or `failure` set ── ┘
//! ```
//!
//! No page table is copied, so the size of this process does not matter, as in `posix_spawn`, which can set no death
//! signal. The price is that the child runs in our memory until it executes: it allocates nothing, takes no lock, and
//! no handler of ours can run in it, since all signals are blocked until all have their defaults.

use std::ffi::{CStr, CString, OsStr, c_char, c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;

use crate::errno::check;
use crate::setup::{default_signals, unblock_signals};
use crate::{Child, Confinement, EnvBlock, LaunchError, Stage, limits};

/// A command to be started.
///
/// It leads a process group of its own, dies when the thread that started it ends (so start it from one that lives as
/// long as the process), has all signals at their defaults and none blocked, and inherits nothing but its three streams and what this process
/// was itself given to pass on (such as the descriptors of make's job server).
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// The program and its arguments. A program without a slash is looked up along the `PATH` of `env`; a relative path
    /// is relative to `dir`. A file without a `#!` line that is no program is run by `/bin/sh`, as shells do it.
    pub argv: &'a [CString],
    /// Its environment.
    pub env: &'a EnvBlock,
    /// What is added to the environment for this launch: see [`EnvBlock::entry`].
    pub env_more: &'a [CString],
    /// Its working directory, if not ours.
    pub dir: Option<&'a CStr>,
    /// Its stdin.
    pub stdin: BorrowedFd<'a>,
    /// Its stdout.
    pub stdout: BorrowedFd<'a>,
    /// Its stderr.
    pub stderr: BorrowedFd<'a>,
    /// What it runs under.
    pub conditions: Conditions<'a>,
}

/// Under what a command runs, and with it all that it starts. By default, as this process does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conditions<'a> {
    /// Its niceness, from -20 to 19.
    pub nice: Option<i32>,
    /// After so many seconds of processor time each process of it gets `SIGXCPU`, and a second later `SIGKILL`.
    pub cpu_seconds: Option<u64>,
    /// The processors that it may run on; none: as we.
    pub cpus: &'a [u32],
    /// What it joins its control group by: see [`Leaf::door`](crate::Leaf::door).
    pub cgroup: Option<BorrowedFd<'a>>,
    /// What it is kept from.
    pub confinement: Option<&'a Confinement>,
}

impl Launch<'_> {
    /// Starts it; returns when the program is executing.
    ///
    /// # Errors
    /// When there is no such program, it is not executable, the directory cannot be entered, or there are too many
    /// processes or open files. Nothing is left behind then.
    pub fn start(&self) -> Result<Child, LaunchError> {
        let program = self.argv.first().map_or(c"", CString::as_c_str);
        let confined = self.conditions.confinement.is_some();
        let name = OsStr::from_bytes(program.to_bytes());
        let error = |stage, errno| LaunchError::new(name, stage, errno).confined(confined);
        let mut plan = self.plan(program).ok_or_else(|| error(Stage::Conditions, libc::EINVAL))?;
        let mut child = clone_and_run(run, (&raw mut plan).cast())
            .map_err(|e| error(Stage::Fork, e.raw_os_error().unwrap_or(libc::EAGAIN)))?;
        match plan.failure {
            None => Ok(child),
            Some((stage, errno)) => {
                // It has ended by itself; all that is left to do is to reap it, and if that failed, to tell why it ended.
                let _ = child.wait();
                Err(error(stage, errno))
            }
        }
    }

    /// Makes sure that a command could be started now, at a tenth of the cost of starting one.
    ///
    /// # Errors
    /// When there are too many processes or open files, or too little memory.
    pub fn probe() -> io::Result<()> {
        clone_and_run(end, std::ptr::null_mut())?.wait().map(drop)
    }

    /// None: there is no processor of such a number.
    fn plan(&self, program: &CStr) -> Option<Plan> {
        let arguments = self.argv.iter().map(|a| a.as_ptr());
        Some(Plan {
            parent: std::process::id() as libc::pid_t,
            candidates: self.env.candidates(program),
            argv: [std::ptr::null()].into_iter().chain(arguments).chain([std::ptr::null()]).collect(),
            env: self.env.pointers(self.env_more),
            dir: self.dir.map_or(std::ptr::null(), CStr::as_ptr),
            streams: [self.stdin, self.stdout, self.stderr].map(|fd| fd.as_raw_fd()),
            nice: self.conditions.nice,
            cpu_limit: self.conditions.cpu_seconds.map(cpu_limit),
            cpus: cpu_set(self.conditions.cpus)?,
            cgroup: self.conditions.cgroup.map_or(-1, |fd| fd.as_raw_fd()),
            confinement: self.conditions.confinement.map_or(std::ptr::null(), std::ptr::from_ref),
            failure: None,
        })
    }
}

/// Everything that the child needs, as it needs it. Its pointers are to strings that `Launch` borrows.
struct Plan {
    parent: libc::pid_t,
    /// Paths to try: see [`EnvBlock::candidates`].
    candidates: Vec<u8>,
    /// A free place, the arguments, null. The place is for `/bin/sh`.
    argv: Vec<*const c_char>,
    env: Vec<*const c_char>,
    /// Null: stay.
    dir: *const c_char,
    streams: [RawFd; 3],
    nice: Option<c_int>,
    cpu_limit: Option<libc::rlimit>,
    cpus: Option<libc::cpu_set_t>,
    /// -1: stay.
    cgroup: RawFd,
    /// Null: none.
    confinement: *const Confinement,
    /// Set by the child if it does not come to execute the program.
    failure: Option<(Stage, c_int)>,
}

/// Enough for the child's few calls; `execve` itself runs on the kernel's stack.
const STACK: usize = 32 << 10;

/// Aligned as every architecture wants it.
#[repr(C, align(64))]
struct Stack(MaybeUninit<[u8; STACK]>);

/// Makes a process that begins with `begin`, which executes a program or ends: only then does this return.
fn clone_and_run(begin: extern "C" fn(*mut c_void) -> c_int, argument: *mut c_void) -> io::Result<Child> {
    let mut stack = Stack(MaybeUninit::uninit());
    let top = (&raw mut stack).wrapping_add(1).cast::<c_void>();
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
    let mut pidfd = -1;
    let blocked = BlockedSignals::new()?;
    // SAFETY: CLONE_VFORK keeps this thread, and so the stack and the argument, until the child has executed or ended;
    // it uses nothing else of ours. The descriptor's word is writable.
    let pid = check(unsafe { libc::clone(begin, top, flags, argument, &raw mut pidfd) });
    drop(blocked);
    // SAFETY: the kernel has put a new descriptor there, so nobody else owns it.
    pid.map(|pid| Child::from_clone(pid as u32, unsafe { OwnedFd::from_raw_fd(pidfd) }))
}

impl Plan {
    /// What the child does. Returns only with what went wrong.
    ///
    /// Async-signal-safe throughout: no allocation, no lock, no panic.
    fn execute(&mut self) -> (Stage, c_int) {
        let failed = |stage| (stage, errno());
        if !self.set_up() {
            return failed(Stage::SetUp);
        }
        if !self.conditions() {
            return failed(Stage::Conditions);
        }
        if !self.streams() {
            return failed(Stage::Streams);
        }
        // SAFETY: the string lives in the parent, which stands still.
        if !self.dir.is_null() && unsafe { libc::chdir(self.dir) } != 0 {
            return failed(Stage::Directory);
        }
        // Last: what came before is ours, and need not be allowed to the command.
        // SAFETY: it lives in the parent, which stands still.
        if !unsafe { self.confinement.as_ref() }.is_none_or(Confinement::enter_alone) {
            return failed(Stage::Confinement);
        }
        unblock_signals();
        (Stage::Exec, self.try_candidates())
    }

    fn set_up(&self) -> bool {
        default_signals();
        // SAFETY: no memory is passed.
        unsafe {
            libc::setpgid(0, 0) == 0
                && libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) == 0
                // A parent that died before the request sends no signal: it may have been killed while it stood still.
                && libc::getppid() == self.parent
        }
    }

    /// The group first: what is allocated from here on is charged to it.
    fn conditions(&self) -> bool {
        // SAFETY: what is passed lives in the parent, which stands still.
        unsafe {
            (self.cgroup < 0 || libc::write(self.cgroup, c"0".as_ptr().cast(), 1) == 1)
                && self.nice.is_none_or(|nice| libc::setpriority(libc::PRIO_PROCESS, 0, nice) == 0)
                && self.cpu_limit.as_ref().is_none_or(|limit| libc::setrlimit(libc::RLIMIT_CPU, limit) == 0)
                && self.cpus.as_ref().is_none_or(|cpus| libc::sched_setaffinity(0, size_of_val(cpus), cpus) == 0)
        }
    }

    /// Lifts the sources above the targets first, so that none is overwritten before it is used, and none is its own
    /// target, which would stay close-on-exec.
    fn streams(&self) -> bool {
        // SAFETY: no memory is passed; the descriptors are the child's own copies.
        unsafe {
            let lift = |fd: RawFd| if fd < 3 { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) } else { fd };
            let sources = self.streams.map(lift);
            (0..3).all(|target| sources[target] >= 0 && libc::dup2(sources[target], target as RawFd) >= 0)
        }
    }

    /// As `execvp` does it: a path that is forbidden is remembered, but a later one may do.
    fn try_candidates(&mut self) -> c_int {
        let mut path = self.candidates.as_ptr().cast::<c_char>();
        let mut told = libc::ENOENT;
        // SAFETY: each candidate ends with a zero, and an empty one is the last; argv and env end with null.
        unsafe {
            while *path != 0 {
                match self.try_one(path) {
                    libc::EACCES => told = libc::EACCES,
                    libc::ENOENT | libc::ENOTDIR | libc::ENODEV | libc::ESTALE | libc::ETIMEDOUT => {}
                    other => return other,
                }
                path = path.add(libc::strlen(path) + 1);
            }
        }
        told
    }

    /// # Safety
    /// `path` is a string.
    unsafe fn try_one(&mut self, path: *const c_char) -> c_int {
        let argv = self.argv.as_mut_ptr();
        // SAFETY: as the caller promises; argv has a place before the arguments, and at least one argument, since there
        // is a path.
        unsafe {
            libc::execve(path, argv.add(1), self.env.as_ptr());
            if errno() == libc::ENOEXEC {
                *argv = c"/bin/sh".as_ptr();
                *argv.add(1) = path;
                libc::execve(c"/bin/sh".as_ptr(), argv, self.env.as_ptr());
            }
        }
        errno()
    }
}

/// The hard limit is for those that do not heed the signal. Neither is above the hard limit that we have.
fn cpu_limit(seconds: u64) -> libc::rlimit {
    let ours = limits::limit(limits::Resource::Cpu).map_or(u64::MAX, |limit| limit.hard);
    libc::rlimit { rlim_cur: seconds.min(ours), rlim_max: seconds.saturating_add(1).min(ours) }
}

/// `Some(None)`: as we. None: one of them has a number that no machine's has.
fn cpu_set(cpus: &[u32]) -> Option<Option<libc::cpu_set_t>> {
    if cpus.is_empty() {
        return Some(None);
    }
    // SAFETY: zeroes are an empty set.
    let mut set: libc::cpu_set_t = unsafe { MaybeUninit::zeroed().assume_init() };
    for cpu in cpus.iter().map(|cpu| *cpu as usize) {
        if cpu >= libc::CPU_SETSIZE as usize {
            return None;
        }
        // SAFETY: the number is below the set's size.
        unsafe { libc::CPU_SET(cpu, &mut set) };
    }
    Some(Some(set))
}

extern "C" fn run(plan: *mut c_void) -> c_int {
    // SAFETY: it is the plan of `Launch::start`, whose thread stands still, so this is the only reference in use.
    let plan = unsafe { &mut *plan.cast::<Plan>() };
    plan.failure = Some(plan.execute());
    // SAFETY: no memory is passed. `_exit` and not a return: nothing of the parent's may be flushed or run.
    unsafe { libc::_exit(127) }
}

extern "C" fn end(_: *mut c_void) -> c_int {
    // SAFETY: as above.
    unsafe { libc::_exit(0) }
}

fn errno() -> c_int {
    // SAFETY: the thread's own word, in the child that of the thread that stands still.
    unsafe { *libc::__errno_location() }
}

/// All signals blocked in this thread, until dropped.
struct BlockedSignals(libc::sigset_t);

impl BlockedSignals {
    fn new() -> io::Result<Self> {
        // SAFETY: both sets are written before they are read.
        unsafe {
            let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
            libc::sigfillset(all.as_mut_ptr());
            match libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) {
                0 => Ok(Self(before.assume_init())),
                errno => Err(io::Error::from_raw_os_error(errno)),
            }
        }
    }
}

impl Drop for BlockedSignals {
    fn drop(&mut self) {
        // SAFETY: the set is the one that was there before.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.0, std::ptr::null_mut()) };
    }
}
