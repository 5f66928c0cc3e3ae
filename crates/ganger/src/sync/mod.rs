//! Synchronisation between processes, and between their threads: Python's `multiprocessing.Lock` and its relatives, with one
//! promise more: who dies holds nobody up.
//!
//! Each object lives in a piece of shared memory of its own, behind one descriptor; [`open`](Lock::open) makes the same object
//! from it in another process. Clones are the same object.
//!
//! | | | |
//! |---|---|---|
//! | [`Lock`] | one holder, a process | released by anybody |
//! | [`RLock`] | one holder, a thread | takes it again, releases it as often |
//! | [`Semaphore`], [`BoundedSemaphore`] | so many permits | a dead process's come back |
//! | [`Condition`] | waits for a change, behind a lock | |
//! | [`Event`] | a flag to wait for | |
//! | [`Barrier`] | so many wait for each other | |
//!
//! Each wait has three forms: `acquire` waits for ever, `try_acquire` not at all, `acquire_timeout` so long; `lock`,
//! `try_lock` and `lock_timeout` give a guard that releases when it is dropped. Signals interrupt none of them.
//!
//! # When somebody dies
//! A lock whose holder died goes to one who waits for it, or who comes next, and that one is told
//! ([`Acquired::OwnerDied`], [`OwnerDied`]): what the lock protects may be half changed. It is told once; the lock is whole. A death is
//! noticed within some milliseconds by who comes later, and within a tenth of a second by who waits already; in a crowd
//! within two.
//!
//! A process that is stopped (`SIGSTOP`) is alive, and keeps what it has. So does one that executes another program in its
//! place. Processes of different pid namespaces must not share these objects: they cannot see each other's lives.

pub(crate) mod backing;

mod error;
pub use error::{BrokenBarrier, LockError, OwnerDied, SyncError};
pub use ganger_shm::locks::Acquired;

mod acquire;
pub use acquire::{Acquire, Guard};

mod lock;
pub use lock::Lock;

mod rlock;
pub use rlock::RLock;

mod permits;

mod semaphore;
pub use semaphore::{BoundedSemaphore, Semaphore};

mod event;
pub use event::Event;

mod waiters;

mod condition;
pub use condition::{Condition, Waited};

mod parties;

mod show;

mod barrier;
pub use barrier::Barrier;
