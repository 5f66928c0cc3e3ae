//! Forking workers that are not our own children but our parent's.
//!
//! ```text
//!  supervisor ──spawn──► zygote          one thread, everything preloaded
//!      │                    │ fork_sibling: clone(CLONE_PARENT | CLONE_PIDFD)
//!      ├────────────────────┴──► worker  shares the zygote's pages until it writes to them
//!      └ waits for the worker itself, by the pidfd that the zygote sends it
//! ```
//!
//! `fork()` cannot do this, so the C library does not know of the fork, and what it does in a forked child must be done
//! here. For glibc, whose parent has one thread and so no lock taken, that is two things: the thread's id in its
//! descriptor (without it, `pthread_mutex` owners and the kernel's walk over robust mutexes name the zygote), and the
//! registration of its list of robust mutexes, which the kernel drops in every fork. `getpid`, `raise` and `abort` ask
//! the kernel. Handlers of `pthread_atfork` do not run.
//!
//! The system call is `clone`, not `clone3`: both can do it, but container runtimes answer `clone3` with ENOSYS, as
//! their filters cannot look into its arguments.

use std::ffi::{c_long, c_void};
use std::fs;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::MetadataExt;
use std::ptr;
use std::thread;
use std::time::{Duration, Instant};

use crate::errno::check;

/// Who returns from [`fork_sibling`].
#[derive(Debug)]
pub enum Fork {
    /// The new process.
    Child,
    /// The one that asked for it.
    Sibling {
        /// The new process's id.
        pid: u32,
        /// Its pidfd; it is of use to our parent, who can wait by it: see [`Child::adopt`](crate::Child::adopt).
        pidfd: OwnedFd,
    },
}

/// How long a thread that was joined may take to vanish from the kernel's list.
const LINGERING: Duration = Duration::from_millis(200);

/// Forks a process whose parent is this process's parent.
///
/// The child has this process's memory, descriptors and one thread; what is in the buffers of stdout would come out
/// twice, so flush before. It gets no parent-death signal; [`setup::die_with_parent`](crate::setup::die_with_parent)
/// is about the thread of our parent that spawned *us*.
///
/// # Errors
/// When this process has more than one thread, for a lock that another thread holds would stay locked in the child; when
/// the C library is none that this function knows how to tell of a fork; when there are too many processes. The remedy
/// for the first two is to spawn workers instead.
pub fn fork_sibling() -> io::Result<Fork> {
    refuse_threads()?;
    let thread = ThreadDescriptor::find()?;
    let mut pidfd: RawFd = -1;
    // SAFETY: there is no other thread, so no lock is held and nothing is half-written in the copy; without CLONE_VM
    // the child goes on with a copy of this stack. `pidfd` and the thread's id are writable words.
    match check(unsafe { clone_sibling(&mut pidfd, thread.id) })? {
        0 => {
            thread.register_robust_mutexes();
            Ok(Fork::Child)
        }
        // SAFETY: the kernel has put a new descriptor there, so nobody else owns it.
        pid => Ok(Fork::Sibling { pid: pid as u32, pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) } }),
    }
}

/// How many threads this process has.
///
/// # Errors
/// When `/proc` is not mounted.
pub fn thread_count() -> io::Result<u64> {
    // The kernel counts a directory's subdirectories in its links: one a thread, beside `.` and the name itself.
    Ok(fs::metadata("/proc/self/task")?.nlink() - 2)
}

pub(crate) fn refuse_threads() -> io::Result<()> {
    let deadline = Instant::now() + LINGERING;
    loop {
        match thread_count()? {
            1 => return Ok(()),
            // `join` returns a moment before the kernel has forgotten the thread.
            _ if Instant::now() < deadline => thread::yield_now(),
            threads => {
                return Err(io::Error::other(format!(
                    "process has {threads} threads where it may have one: start none before main and in preload \
                     functions, or use the start method Spawn"
                )));
            }
        }
    }
}

/// The clone without a stack, as fork does it. Not inlined, so that both processes return from a frame of its own.
///
/// # Safety
/// Both pointers are writable words; this process has one thread.
#[inline(never)]
unsafe fn clone_sibling(pidfd: *mut RawFd, thread_id: *mut libc::pid_t) -> c_long {
    // The exit signal is 0 with CLONE_PARENT: the child takes that of its sibling.
    let ids = libc::CLONE_CHILD_SETTID | libc::CLONE_CHILD_CLEARTID;
    let flags = (libc::CLONE_PARENT | libc::CLONE_PIDFD | ids) as c_long;
    let (same_stack, no_tls) = (ptr::null_mut::<c_void>(), ptr::null_mut::<c_void>());
    // SAFETY: as the caller promises; the order of the last two is the architecture's.
    unsafe {
        if cfg!(target_arch = "x86_64") {
            libc::syscall(libc::SYS_clone, flags, same_stack, pidfd, thread_id, no_tls)
        } else {
            libc::syscall(libc::SYS_clone, flags, same_stack, pidfd, no_tls, thread_id)
        }
    }
}

/// What the C library keeps about this thread, and the kernel writes to or reads from.
struct ThreadDescriptor {
    /// Where it has the thread's id.
    id: *mut libc::pid_t,
    /// The head of the list of its robust mutexes, and the head's length.
    robust: (*mut c_void, usize),
}

impl ThreadDescriptor {
    /// Found by what the library told the kernel when the thread began, and believed only if it is this thread's id that
    /// is there: first the word that is cleared when the thread ends, then the word at glibc's place before the list.
    fn find() -> io::Result<Self> {
        let robust = robust_list()?;
        let before_list = robust.0.cast::<libc::pid_t>().wrapping_sub(4);
        // SAFETY: no memory is passed.
        let own_id = unsafe { libc::gettid() };
        // SAFETY: both point into the thread's descriptor if they are not null: the first is the library's own word,
        // the second is 16 bytes before another member of the structure, which is 2 KiB long and has it in its middle.
        let is_id = |at: *mut libc::pid_t| unsafe { at.as_ref() }.is_some_and(|id| *id == own_id);
        let id = [cleared_at_exit(), before_list].into_iter().find(|&at| is_id(at));
        let id = id.ok_or_else(|| {
            io::Error::new(io::ErrorKind::Unsupported, "cannot fork under this C library; use the start method Spawn")
        })?;
        Ok(Self { id, robust })
    }

    /// Tells the kernel of this thread's robust mutexes, so that a lock it dies with is told to the next owner.
    fn register_robust_mutexes(&self) {
        // SAFETY: it is the list that the C library had registered for the thread that this one is a copy of.
        unsafe { libc::syscall(libc::SYS_set_robust_list, self.robust.0, self.robust.1) };
    }
}

fn robust_list() -> io::Result<(*mut c_void, usize)> {
    let (mut head, mut length) = (ptr::null_mut::<c_void>(), 0usize);
    // SAFETY: both words live through the call; 0 is this thread.
    check(unsafe { libc::syscall(libc::SYS_get_robust_list, 0, &mut head, &mut length) })?;
    match head.is_null() {
        true => Err(io::Error::new(io::ErrorKind::Unsupported, "C library without robust mutexes; use Spawn")),
        false => Ok((head, length)),
    }
}

/// The word that the kernel clears when this thread ends; null in a kernel without checkpoint and restore.
fn cleared_at_exit() -> *mut libc::pid_t {
    let mut address = ptr::null_mut::<libc::pid_t>();
    // SAFETY: the word lives through the call; should it fail, it stays null.
    unsafe { libc::prctl(libc::PR_GET_TID_ADDRESS, &mut address) };
    address
}
