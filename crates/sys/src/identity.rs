//! Who somebody is, in a word: told to other processes, and true of nobody else even when the id is used again.

use std::cell::Cell;
use std::io;
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::{Pid, gettid};

use crate::fork::wiped_in_forks;

/// A process or a thread: its id and when it began, in clock ticks since the machine began.
///
/// Bit 0 is always 0, so that who stores it in a word of shared memory has room for a flag. No identity is 0. Ids are
/// those of this process's pid namespace: processes of several namespaces cannot be told apart.
///
/// ```text
///  63                        24 23                2   1        0
///  ├── began (40 bits) ────────┼── id (22 bits) ────┼─ thread ─┼─ 0
/// ```
///
/// ```
/// use ganger_sys::Identity;
///
/// let (process, thread) = (Identity::of_this_process(), Identity::of_this_thread());
/// assert_ne!(process, thread);
/// assert!(process.is_alive() && thread.is_alive());
/// assert_eq!(Identity::from_bits(process.to_bits()), Some(process));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity(u64);

const THREAD: u64 = 1 << 1;
const ID: u32 = 2;
const BEGAN: u32 = 24;

impl Identity {
    /// The process that calls. Costs two loads, except in the first call of a process.
    #[must_use]
    pub fn of_this_process() -> Self {
        static SEEN: OnceLock<Option<&'static AtomicU64>> = OnceLock::new();
        // SAFETY: nobody unmaps the page, so the word stays for ever; any value is valid.
        let seen = SEEN.get_or_init(|| wiped_in_forks().ok().map(|word| unsafe { word.as_ref() }));
        let Some(seen) = seen else { return Self::of_this_process_anew() };
        match seen.load(Ordering::Relaxed) {
            0 => {
                let anew = Self::of_this_process_anew();
                seen.store(anew.0, Ordering::Relaxed);
                anew
            }
            bits => Self(bits),
        }
    }

    /// The thread that calls. As cheap as [`of_this_process`](Self::of_this_process), but in the first call of a thread.
    #[must_use]
    pub fn of_this_thread() -> Self {
        // A fork copies this, and then the process is another one.
        thread_local!(static SEEN: Cell<(Identity, Identity)> = const { Cell::new((Identity(0), Identity(0))) });
        let process = Self::of_this_process();
        let (of, thread) = SEEN.get();
        if of == process {
            return thread;
        }
        let thread = Self(Self::new(gettid(), "/proc/thread-self/stat").0 | THREAD);
        SEEN.set((process, thread));
        thread
    }

    fn of_this_process_anew() -> Self {
        Self::new(Pid::from_raw(process::id().cast_signed()), "/proc/self/stat")
    }

    /// Where the kernel shows no times, the beginning is 0, and the id alone must do.
    fn new(id: Pid, stat: &str) -> Self {
        let began = Stat::read(stat).map_or(0, |stat| stat.began);
        Self(began << BEGAN | u64::from(id.as_raw().cast_unsigned()) << ID)
    }

    /// The identity that [`to_bits`](Self::to_bits) gave; the lowest bit is not looked at.
    #[must_use]
    pub fn from_bits(bits: u64) -> Option<Self> {
        let bits = bits & !1;
        (bits != 0).then_some(Self(bits))
    }

    /// This identity as a word.
    #[must_use]
    pub fn to_bits(self) -> u64 {
        self.0
    }

    /// The id of the process or thread.
    #[must_use]
    pub fn id(self) -> u32 {
        (self.0 >> ID) as u32 & ((1 << (BEGAN - ID)) - 1)
    }

    /// Whether it still runs. A process that has ended and that nobody has reaped does not.
    ///
    /// Where the kernel does not say, it does: better to wait than to take from the living.
    #[must_use]
    pub fn is_alive(self) -> bool {
        let id = Pid::from_raw(self.id().cast_signed());
        if kill(id, None) == Err(Errno::ESRCH) {
            return false;
        }
        match Stat::read(&format!("/proc/{id}/stat")) {
            Ok(stat) => self.is(&stat),
            Err(_) => kill(id, None) != Err(Errno::ESRCH),
        }
    }

    /// Whether who has this id now is the one that is meant, and runs.
    fn is(self, stat: &Stat) -> bool {
        let began = self.0 >> BEGAN;
        // A process whose first thread has ended goes on in the others.
        let ended = stat.ended && (self.0 & THREAD != 0 || stat.threads <= 1);
        !ended && (began == 0 || began == stat.began)
    }
}

/// What the kernel tells of a process or thread.
struct Stat {
    ended: bool,
    threads: u64,
    /// As much of it as an identity holds.
    began: u64,
}

impl Stat {
    fn read(path: &str) -> io::Result<Self> {
        let line = std::fs::read(path)?;
        Self::parse(&line).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// The fields behind the name, which stands in parentheses and may hold anything.
    fn parse(line: &[u8]) -> Option<Self> {
        let behind = line.iter().rposition(|byte| *byte == b')')? + 1;
        let fields: Vec<&str> = str::from_utf8(&line[behind..]).ok()?.split_ascii_whitespace().collect();
        let number = |field: usize| fields.get(field)?.parse::<u64>().ok();
        let ended = matches!(*fields.first()?, "Z" | "X" | "x");
        Some(Self { ended, threads: number(17)?, began: number(19)? & (u64::MAX >> BEGAN) })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;
    use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
    use nix::unistd::{ForkResult, fork};

    /// A child that waits to be killed.
    fn sleeper() -> process::Child {
        process::Command::new("sleep").arg("1000").spawn().unwrap()
    }

    fn identity_of(child: &process::Child) -> Identity {
        Identity::new(Pid::from_raw(child.id().cast_signed()), &format!("/proc/{}/stat", child.id()))
    }

    #[test]
    fn a_killed_process_is_dead_before_it_is_reaped_and_after() {
        let mut child = sleeper();
        let identity = identity_of(&child);
        assert!(identity.is_alive() && identity.id() == child.id());
        child.kill().unwrap();
        let id = Id::Pid(Pid::from_raw(child.id().cast_signed()));
        waitid(id, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).unwrap();
        assert!(!identity.is_alive(), "a zombie");
        child.wait().unwrap();
        assert!(!identity.is_alive(), "gone");
    }

    #[test]
    fn who_has_the_id_later_is_somebody_else() {
        let bits = Identity::of_this_process().to_bits();
        let earlier = Identity::from_bits(bits - (1 << BEGAN)).unwrap();
        assert!(!earlier.is_alive());
    }

    #[test]
    fn a_thread_that_ended_is_dead() {
        let (told, ask) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || told.send((Identity::of_this_process(), Identity::of_this_thread())));
        let (process, identity) = ask.recv().unwrap();
        thread.join().unwrap().unwrap();
        assert_eq!(process, Identity::of_this_process());
        assert_ne!(identity, Identity::of_this_thread());
        // It is joined a moment before the kernel has forgotten it.
        let begun = std::time::Instant::now();
        while identity.is_alive() {
            assert!(begun.elapsed() < std::time::Duration::from_secs(20), "it lives");
        }
    }

    #[test]
    fn a_fork_is_somebody_else() {
        let (process, thread) = (Identity::of_this_process(), Identity::of_this_thread());
        // SAFETY: the copy looks who it is, which allocates: the C library's allocator works in a fork, and it ends then.
        let seen = match unsafe { fork() }.unwrap() {
            ForkResult::Child => {
                let same = process == Identity::of_this_process() || thread == Identity::of_this_thread();
                // SAFETY: it ends here.
                unsafe { libc::_exit(same.into()) }
            }
            ForkResult::Parent { child } => waitpid(child, None).unwrap(),
        };
        assert!(matches!(seen, WaitStatus::Exited(_, 0)), "{seen:?}");
        assert_eq!(process, Identity::of_this_process());
    }

    #[test]
    fn a_name_may_hold_anything() {
        let line = b"12 (a) R 1) Z 1 1 1 0 -1 4 5 6 7 8 9 10 11 12 20 0 3 0 777 0 0";
        let stat = Stat::parse(line).unwrap();
        assert!(stat.ended && stat.threads == 3 && stat.began == 777);
    }
}
