//! Noticing that this process is a copy of the one that it was.

use std::io;
use std::num::NonZeroUsize;
use std::process;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap_anonymous, munmap};

/// The length of a page, or less.
const LEN: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");

/// Knows the process that made it from one that was forked since.
///
/// By a page that the kernel empties in every fork (`MADV_WIPEONFORK`): to look at it is to load a word, where `getpid` is
/// a system call. Where the kernel has no such page, as some sandboxes have not, it is `getpid`.
#[derive(Debug)]
pub struct ForkDetector {
    /// 1 in the process that made it, 0 in a copy.
    mark: Option<NonNull<AtomicU64>>,
    pid: u32,
}

// SAFETY: the page is the value's own until its drop, whatever thread that is on.
unsafe impl Send for ForkDetector {}
// SAFETY: a shared detector only loads the page's one byte, atomically.
unsafe impl Sync for ForkDetector {}

impl ForkDetector {
    /// One for this process.
    #[must_use]
    pub fn new() -> Self {
        let mark = wiped_in_forks().ok();
        if let Some(mark) = mark {
            // SAFETY: the page was mapped just now; any value is valid.
            unsafe { mark.as_ref() }.store(1, Ordering::Relaxed);
        }
        Self { mark, pid: process::id() }
    }

    /// Whether this is not the process that made it.
    #[must_use]
    pub fn is_in_fork(&self) -> bool {
        match self.mark {
            // SAFETY: the page is mapped as long as `self` lives, in a copy as well; any value is valid.
            Some(mark) => unsafe { mark.as_ref() }.load(Ordering::Relaxed) == 0,
            None => process::id() != self.pid,
        }
    }

    /// The process that made it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }
}

impl Default for ForkDetector {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for ForkDetector {
    fn drop(&mut self) {
        if let Some(mark) = self.mark {
            // SAFETY: the page is this value's own, and nobody has a reference into it any more.
            let unmapped = unsafe { munmap(mark.cast(), LEN.get()) };
            debug_assert!(unmapped.is_ok(), "{unmapped:?}");
        }
    }
}

/// A word on a page of its own that is 0 now, and again in every fork of this process. Nobody unmaps it but the caller.
pub(crate) fn wiped_in_forks() -> nix::Result<NonNull<AtomicU64>> {
    let (read_write, private) = (ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_PRIVATE);
    // SAFETY: a fresh mapping at an address that the kernel chooses aliases nothing of ours.
    let page = unsafe { mmap_anonymous(None, LEN, read_write, private) }?;
    // SAFETY: the page is ours alone, and stays as it is but in forks.
    if let Err(refused) = unsafe { madvise(page, LEN.get(), MmapAdvise::MADV_WIPEONFORK) } {
        // SAFETY: it was mapped just now, and nobody else knows of it.
        return unsafe { munmap(page, LEN.get()) }.and(Err(refused));
    }
    Ok(page.cast())
}

/// Ends this process at once: without handlers, and without the locks that another thread may have held when it was
/// forked. `last_words` go to standard error.
pub fn exit_in_fork(last_words: &str, status: i32) -> ! {
    // Where nobody reads them, nobody misses them.
    let _ = nix::unistd::write(io::stderr(), last_words.as_bytes());
    // SAFETY: it does not return, and runs nothing of this process.
    unsafe { libc::_exit(status) }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;
    use nix::sys::wait::{WaitStatus, waitpid};
    use nix::unistd::{ForkResult, fork};

    /// How a copy of this process ends that only looks.
    fn seen_by_a_copy(detector: &ForkDetector) -> WaitStatus {
        // SAFETY: the copy loads a word and ends, which is all that it may do while this process has threads.
        match unsafe { fork() }.unwrap() {
            // SAFETY: as above.
            ForkResult::Child => unsafe { libc::_exit(detector.is_in_fork().into()) },
            ForkResult::Parent { child } => waitpid(child, None).unwrap(),
        }
    }

    #[test]
    fn a_copy_is_told_from_the_original() {
        for detector in [ForkDetector::new(), ForkDetector { mark: None, pid: process::id() }] {
            assert!(!detector.is_in_fork());
            assert!(matches!(seen_by_a_copy(&detector), WaitStatus::Exited(_, 1)), "{detector:?}");
            assert!(!detector.is_in_fork(), "the original stays what it is");
        }
    }
}
