//! What a process does to itself where a test has ordered it. Nothing here is of use to any other.

use std::alloc::{Layout, handle_alloc_error};
use std::io;

use crate::Signal;
use crate::limits::{Limit, Resource, limit, set_limit};
use crate::setup::unblock_signals;

/// How long a child that was left behind stays at most, in seconds: one that nobody has found shall not stay for ever.
const STAY: u32 = 3600;

/// Dies of the signal, whatever was to be done about it, and leaves no core. [`Signal::Stop`] stops the process; this
/// returns when it goes on.
pub fn die(signal: Signal) {
    // What is left of the process is its end: an error changes nothing.
    let _ = set_limit(Resource::Core, Limit { soft: 0, hard: 0 });
    // SAFETY: a default is no function that could run. SIGKILL and SIGSTOP have no other, and are refused.
    unsafe { libc::signal(signal.number(), libc::SIG_DFL) };
    unblock_signals();
    // SAFETY: it signals this process, and touches no memory. Unlike `raise` it reaches the process if this thread does
    // not take signals.
    unsafe { libc::kill(libc::getpid(), signal.number()) };
}

/// Exits at once: nothing is flushed, and no handler runs.
pub fn exit(status: i32) -> ! {
    // SAFETY: it does not return, and runs nothing of this process.
    unsafe { libc::_exit(status) }
}

/// Ignores what asks it to end, and does nothing for ever.
pub fn hang_stubbornly() -> ! {
    for signal in [Signal::Term, Signal::Int, Signal::Hup] {
        // SAFETY: SIG_IGN is no function that could run.
        unsafe { libc::signal(signal.number(), libc::SIG_IGN) };
    }
    hang()
}

/// Closes all descriptors but the three standard ones, and does nothing for ever.
pub fn close_and_hang() -> ! {
    // SAFETY: no memory is passed. Who owns what is closed will never use it: this thread does not return, and a worker has
    // no other that has to do with it.
    unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
    hang()
}

fn hang() -> ! {
    loop {
        // SAFETY: it touches no memory.
        unsafe { libc::pause() };
    }
}

/// Asks for more memory than there is, as Rust's collections do: it ends with SIGABRT, and leaves no core.
pub fn run_out_of_memory() -> ! {
    let _ = set_limit(Resource::Core, Limit { soft: 0, hard: 0 });
    handle_alloc_error(Layout::new::<[u64; 1 << 40]>())
}

/// From now on this process, and what it starts, can open nothing.
pub fn allow_no_descriptors() {
    if let Ok(Limit { hard, .. }) = limit(Resource::OpenFiles) {
        let _ = set_limit(Resource::OpenFiles, Limit { soft: 0, hard });
    }
}

/// Leaves a child in a session of its own, which ignores what asks it to end, and stays.
///
/// # Errors
/// When there are too many processes.
pub fn leave_child() -> io::Result<u32> {
    // SAFETY: the child calls nothing but system calls, which is all that it may do if this process has threads.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            // SAFETY: as above.
            unsafe {
                libc::setsid();
                libc::alarm(STAY);
            }
            hang_stubbornly()
        }
        child => Ok(child.cast_unsigned()),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;
    use nix::sys::signal::{Signal as Nix, kill};
    use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
    use nix::unistd::{ForkResult, Pid, fork, getsid};

    /// How a copy of this process ends, or stands still, that does this.
    fn end_of(deed: impl FnOnce()) -> (Pid, WaitStatus) {
        // SAFETY: the deeds are system calls, which is all that the copy may do while this process has threads.
        match unsafe { fork() }.unwrap() {
            ForkResult::Child => {
                deed();
                exit(99)
            }
            ForkResult::Parent { child } => (child, waitpid(child, Some(WaitPidFlag::WUNTRACED)).unwrap()),
        }
    }

    #[test]
    fn a_death_is_that_of_the_signal_and_leaves_no_core() {
        for (signal, expected) in
            [(Signal::Segv, Nix::SIGSEGV), (Signal::Abrt, Nix::SIGABRT), (Signal::Kill, Nix::SIGKILL)]
        {
            let (child, end) = end_of(|| die(signal));
            assert_eq!(end, WaitStatus::Signaled(child, expected, false));
        }
        let (child, end) = end_of(|| exit(3));
        assert_eq!(end, WaitStatus::Exited(child, 3));
    }

    #[test]
    fn who_was_stopped_can_go_on() {
        let (child, end) = end_of(|| die(Signal::Stop));
        assert_eq!(end, WaitStatus::Stopped(child, Nix::SIGSTOP));
        kill(child, Nix::SIGCONT).unwrap();
        assert_eq!(waitpid(child, None).unwrap(), WaitStatus::Exited(child, 99));
    }

    #[test]
    fn a_child_that_was_left_behind_is_in_a_session_of_its_own() {
        let child = Pid::from_raw(leave_child().unwrap().cast_signed());
        while getsid(Some(child)).unwrap() != child {
            std::thread::yield_now();
        }
        kill(child, Nix::SIGKILL).unwrap();
        assert_eq!(waitpid(child, None).unwrap(), WaitStatus::Signaled(child, Nix::SIGKILL, false));
    }
}
