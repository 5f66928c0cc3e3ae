//! What happens at each kind of death.
//!
//! Everything here has a test; ARCHITECTURE.md in the repository names them.
//!
//! # A worker dies
//! | how | its task is told | then |
//! |---|---|---|
//! | a panic in the task | [`panic`](crate::TaskError::panic), with place and backtrace; no retry unless [`failure_attempts`](crate::TaskOptions::failure_attempts) | the worker lives on |
//! | `exit(n)`, also `exit(0)` | a crash with that code | another worker takes the slot |
//! | a signal: SIGSEGV, SIGABRT, `kill -9` | a crash with that signal, and whether there is a core | the same |
//! | the kernel was out of memory | a crash that says so | the same |
//! | its time limit | [`is_timed_out`](crate::TaskError::is_timed_out) | the same |
//! | a cancel | [`is_cancelled`](crate::TaskError::is_cancelled) | the same |
//! | it wrote nonsense into its memory | a crash as `Misbehaved` | the same |
//!
//! A crash is tried again, up to [`crash_attempts`](crate::TaskOptions::crash_attempts) times, three by default: so make tasks
//! that may be run twice. What the dead worker had been handed and not begun goes to others and counts no attempt; what it
//! had finished stays finished, even if nobody had read it yet.
//!
//! The processes that a worker had started are killed with it, if they stayed in its process group.
//!
//! # Many workers die
//! After a death the slot is filled at once if the worker had lived for a second, else after a pause that doubles. More than
//! five times as many deaths as workers within ten seconds, and not one finished task: the [pool
//! fails](crate::Error::pool_failure), everyone who waits is told why, and nobody hangs. The same after three initializers in
//! a row that failed.
//!
//! # The supervisor dies
//! By `kill -9`, a panic in `main` or the power button of a container: the workers are told by the kernel, and are gone within
//! a second, with the trees of commands that they run. A [`Process`](crate::Process) that is no daemon lives on, as it does in
//! Python; [`parent_process`](crate::parent_process) tells it. Shared memory without a name goes with the last who has it.
//!
//! # Ctrl-C
//! A library claims no signal unless asked ([`PoolBuilder::claim_signals`](crate::PoolBuilder::claim_signals)). Without: the
//! program ends as it would, and the workers with it; they ignore SIGINT themselves, so that they print nothing. With: the
//! first lets what runs finish and cancels what waits, the second asks workers to end (SIGTERM, and SIGKILL after the grace),
//! the third kills.
//!
//! # Somebody dies with a lock
//! A [`Lock`](crate::sync::Lock) goes to the next who wants it, and that one is told
//! ([`Acquired::OwnerDied`](crate::sync::Acquired::OwnerDied), [`OwnerDied`](crate::sync::OwnerDied)): what it protects may be half
//! changed. The permits of a dead process's semaphore come back; a barrier in which somebody died is broken for the others,
//! not waited at for ever. A value that somebody died changing says so to the next.
//!
//! # Somebody dies at a pipe or a queue
//! A message is there whole or not at all, whoever is killed. Who waits for a peer that is gone is told:
//! [`is_disconnected`](crate::ConnectionError::is_disconnected).
//!
//! # Trying it
//! ```
//! use ganger::{Pool, TaskOptions};
//!
//! #[ganger::task]
//! fn divide(n: u32) -> u32 {
//!     if n == 13 { std::process::abort() }
//!     1000 / n
//! }
//!
//! # fn main() -> Result<(), ganger::Error> {
//! ganger::init();
//! let pool = Pool::new(2)?;
//! let results: Vec<_> = pool.imap(divide, [10, 0, 13, 20])?.collect();
//! let told: Vec<String> = results.iter().map(|r| r.as_ref().map_or_else(ToString::to_string, u32::to_string)).collect();
//! assert_eq!((told[0].as_str(), told[3].as_str()), ("100", "50"));
//! assert!(told[1].contains("attempt to divide by zero"), "{}", told[1]);
//! assert!(told[2].contains("SIGABRT"), "{}", told[2]);
//! # Ok(()) }
//! ```
