//! What a worker does to itself before anything else, so that its parent needs no `pre_exec`.

use std::ffi::{CStr, OsStr, c_char};
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::sys::prctl;
use nix::unistd::{Pid, dup2_stdin, getpgrp, getpid, setpgid};

use crate::Signal;
use crate::errno::check;
use crate::zygote::refuse_threads;

/// Asks the kernel for `signal` when the parent dies, and makes sure that it has not died already.
///
/// The kernel means the *thread* that forked this process: it must live as long as its process. The request is lost in a
/// fork, and when a set-user-id program is executed.
///
/// # Errors
/// When the parent is not `expected_parent`, so has died before: end at once then.
pub fn die_with_parent(expected_parent: u32, signal: Signal) -> io::Result<()> {
    prctl::set_pdeathsig(nix::sys::signal::Signal::try_from(signal.number())?)?;
    let parent = std::os::unix::process::parent_id();
    if parent == expected_parent {
        return Ok(());
    }
    Err(io::Error::other(format!("parent {expected_parent} has died: the parent is {parent} now")))
}

/// Takes back what [`die_with_parent`] has asked for.
///
/// # Errors
/// None that a process could meet.
pub fn outlive_parent() -> io::Result<()> {
    Ok(prctl::set_pdeathsig(None)?)
}

/// Makes this process the leader of a process group of its own, so that a Ctrl-C is not for it. The leader of a session
/// is that already.
///
/// # Errors
/// None that a process which has not executed another program since its fork could meet.
pub fn own_process_group() -> io::Result<()> {
    if getpgrp() != getpid() {
        setpgid(Pid::from_raw(0), Pid::from_raw(0))?;
    }
    Ok(())
}

/// Gives all signals their default, except those of `ignored`, and blocks none: what a parent ignores or blocks is
/// otherwise inherited.
///
/// # Errors
/// When one of `ignored` cannot be ignored.
pub fn reset_signals(ignored: &[Signal]) -> io::Result<()> {
    default_signals();
    for signal in ignored {
        // SAFETY: SIG_IGN is no function that could run.
        if unsafe { libc::signal(signal.number(), libc::SIG_IGN) } == libc::SIG_ERR {
            return Err(io::Error::last_os_error());
        }
    }
    unblock_signals();
    Ok(())
}

/// Gives SIGCHLD its default, if it is ignored: the kernel would reap our children, and nobody would learn how they ended.
pub fn heed_children() {
    // SAFETY: both are plain actions, written before they are read; a default is no function that could run.
    unsafe {
        let mut now = MaybeUninit::<libc::sigaction>::zeroed();
        libc::sigaction(libc::SIGCHLD, std::ptr::null(), now.as_mut_ptr());
        if now.assume_init().sa_sigaction == libc::SIG_IGN {
            libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        }
    }
}

/// Gives all signals their default. Async-signal-safe.
pub(crate) fn default_signals() {
    // SAFETY: all zeroes is the default action with an empty mask and no flags.
    let default: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    for number in 1..=libc::SIGRTMAX() {
        // SAFETY: a default is no function that could run. SIGKILL, SIGSTOP and the C library's own two are refused,
        // which is as well.
        unsafe { libc::sigaction(number, &default, std::ptr::null_mut()) };
    }
}

/// Empties the mask of this thread. Async-signal-safe.
pub(crate) fn unblock_signals() {
    // SAFETY: the set is written before it is read.
    unsafe {
        let mut none = MaybeUninit::uninit();
        libc::sigemptyset(none.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
    }
}

/// Closes all descriptors from 3 on, except those of `keep`, whoever has opened them: an inherited copy of a socket
/// would hide its peer's death from others.
///
/// To be called first in a worker, when nothing that owns a descriptor is alive but what is kept: an owner would later
/// close, or use, another file that has got the number.
///
/// # Errors
/// When this process has more than one thread.
pub fn close_other_fds(keep: &[BorrowedFd<'_>]) -> io::Result<()> {
    refuse_threads()?;
    let mut kept: Vec<RawFd> = keep.iter().map(AsRawFd::as_raw_fd).filter(|fd| *fd > 2).collect();
    kept.sort_unstable();
    let mut from = 3;
    for fd in kept {
        close_range(from, fd - 1)?;
        from = fd + 1;
    }
    close_range(from, RawFd::MAX)
}

/// Closes these, and those between, whoever has opened them.
pub(crate) fn close_range(first: RawFd, last: RawFd) -> io::Result<()> {
    if first > last {
        return Ok(());
    }
    // SAFETY: no memory is passed; that nobody uses what is closed is what `close_other_fds` asks for.
    match check(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) }) {
        Err(e) if matches!(e.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) => close_one_by_one(first, last),
        done => done.map(drop),
    }
}

/// For Linux before 5.9.
fn close_one_by_one(first: RawFd, last: RawFd) -> io::Result<()> {
    let names: Vec<_> = fs::read_dir("/proc/self/fd")?.flatten().map(|entry| entry.file_name()).collect();
    let open = names.iter().filter_map(|name| name.to_str()?.parse().ok());
    for fd in open.filter(|fd| (first..=last).contains(fd)) {
        // SAFETY: as in `close_range`.
        unsafe { libc::close(fd) };
    }
    Ok(())
}

/// Puts `/dev/null` in place of stdin.
///
/// # Errors
/// When `/dev/null` cannot be opened.
pub fn null_stdin() -> io::Result<()> {
    dup2_stdin(fs::File::open("/dev/null")?)?;
    Ok(())
}

/// Takes the descriptor that was given as stdin, and puts `/dev/null` in its place: no child shall inherit it, and no
/// task shall read from it.
///
/// # Errors
/// When stdin is closed, or `/dev/null` cannot be opened.
pub fn take_stdin() -> io::Result<OwnedFd> {
    // SAFETY: no memory is passed; the descriptor is new, so nobody else owns it.
    let taken = unsafe { OwnedFd::from_raw_fd(check(libc::fcntl(0, libc::F_DUPFD_CLOEXEC, 3))?) };
    null_stdin()?;
    Ok(taken)
}

/// Sets a variable of this process's environment.
///
/// # Errors
/// When this process has more than one thread: another one might be reading the environment.
pub fn set_env(name: &str, value: &OsStr) -> io::Result<()> {
    refuse_threads()?;
    // SAFETY: there is no other thread.
    unsafe { std::env::set_var(name, value) };
    Ok(())
}

/// Removes a variable from this process's environment.
///
/// # Errors
/// As [`set_env`].
pub fn remove_env(name: &str) -> io::Result<()> {
    refuse_threads()?;
    // SAFETY: there is no other thread.
    unsafe { std::env::remove_var(name) };
    Ok(())
}

/// Names this thread, and so a process with one thread, as `ps` and `top` show it: the first 15 bytes.
///
/// # Errors
/// None that is known.
pub fn set_name(name: &CStr) -> io::Result<()> {
    Ok(prctl::set_name(name)?)
}

/// Writes over this program's command line as `ps` shows it, if it begins with `ours`: then it is the one that we gave to
/// the program when it was executed. Not if the new one is longer. To be called while this process has one thread.
pub fn retitle(ours: &str, title: &str) {
    unsafe extern "C" {
        static program_invocation_name: *mut c_char;
    }
    // SAFETY: the C library has set it before any code of ours, to the first of the arguments.
    let argument = unsafe { program_invocation_name };
    if argument.is_null() {
        return;
    }
    // SAFETY: the arguments are C strings, as long as the process lives; nobody else changes them.
    let now = unsafe { CStr::from_ptr(argument) }.to_bytes();
    let length = now.len();
    if now == title.as_bytes() || !now.starts_with(ours.as_bytes()) || title.len() > length {
        return;
    }
    // SAFETY: the kernel has put the arguments where they can be written to, and as many bytes are there.
    unsafe {
        argument.cast::<u8>().copy_from_nonoverlapping(title.as_ptr(), title.len());
        argument.add(title.len()).write_bytes(0, length - title.len());
    }
}

/// Says how gladly the kernel may kill this process when memory is short: -1000 never, 1000 first.
///
/// # Errors
/// When the value is lower than the inherited one and this process may not do that.
pub fn oom_score_adj(score: i32) -> io::Result<()> {
    fs::write("/proc/self/oom_score_adj", score.to_string())
}

/// Keeps this process's memory from others of its user: they cannot trace it, nor read it, and no core of it is written. A
/// program that it executes is as others again.
///
/// # Errors
/// None that is known.
pub fn keep_memory_private() -> io::Result<()> {
    Ok(prctl::set_dumpable(false)?)
}

/// Makes this process the parent of all its orphaned descendants, so that [`sweep`](crate::sweep) finds them. It is not
/// inherited by children.
///
/// # Errors
/// None that is known.
pub fn become_subreaper() -> io::Result<()> {
    Ok(prctl::set_child_subreaper(true)?)
}
