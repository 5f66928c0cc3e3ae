//! The same names on threads: `multiprocessing.dummy`.
//!
//! A program that says `use ganger as mp;` and names everything by `mp::` runs on threads when that line becomes
//! `use ganger::dummy as mp;`. What is in the way is another start method; what works between processes works between threads, so
//! pipes, queues, locks, shared state and everything else are the same types.
//!
//! ```
//! use ganger::dummy as mp; // or: use ganger as mp;
//!
//! #[mp::task]
//! fn square(n: u64) -> u64 { n * n }
//!
//! #[mp::task]
//! fn greet(greeting: mp::Connection, name: String) {
//!     greeting.send(&format!("hello {name}, from {}", mp::current_process().name())).expect("somebody listens");
//! }
//!
//! fn main() -> Result<(), mp::Error> {
//!     mp::init();
//!     let pool = mp::Pool::new(4)?;
//!     assert_eq!(pool.map(square, [1, 2, 3])?, [1, 4, 9]);
//!
//!     let (ours, theirs) = mp::Pipe::duplex()?;
//!     let process = mp::Process::named("greeter", greet, (theirs, "you".to_owned()))?;
//!     process.start()?;
//!     assert_eq!(ours.recv::<String>()?, "hello you, from greeter");
//!     assert_eq!(process.join(None)?, Some(mp::Exit::Code(0)));
//!     Ok(())
//! }
//! ```
//!
//! | | on threads |
//! |---|---|
//! | [`Process`], [`Pool`], [`ProcessPoolExecutor`] | threads of this process |
//! | `terminate`, `kill`, `interrupt` of a process | [`Error::is_unsupported`]: nobody can end a thread but itself |
//! | `cancel`, time limits of a task that runs | it goes on, unheard: see [`StartMethod::Thread`] |
//! | exit status | 0; 1 after an error, 101 after a panic; `std::process::exit` ends the whole program |
//! | `pid` | that of this process |
//! | a daemon | a thread that nobody waits for |
//! | [`current_process`] | the thread's name and daemon flag |
//! | [`parent_process`] | that of this process |
//! | arguments and results | encoded all the same, so what would fail between processes fails here |
//! | what a task does to a `static` | is seen by all |

use std::fmt;
use std::ops::Deref;

pub use crate::*;

pub use crate::ThreadPoolExecutor as ProcessPoolExecutor;

/// A call of a registered function on a thread of its own, with everything that [`ganger::Process`](crate::Process) has.
///
/// ```
/// use ganger::dummy as mp;
///
/// #[ganger::task]
/// fn nothing() {}
///
/// # fn main() -> Result<(), mp::Error> {
/// let process = mp::Process::new(nothing, ())?;
/// process.start()?;
/// assert_eq!(process.join(None)?, Some(mp::Exit::Code(0)));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Process(crate::Process);

impl Process {
    /// A thread that will call `f`. It is started by [`start`](crate::Process::start).
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
    /// As [`ProcessBuilder::build`](crate::ProcessBuilder::build).
    pub fn named<F, A, S>(name: &str, f: F, args: A) -> Result<Self, Error>
    where
        F: Task<A, S>,
        A: Portable,
    {
        Self::builder().name(name).build(f, args)
    }

    /// To say more. Who names a start method there gets that one.
    #[must_use]
    pub fn builder() -> ProcessBuilder<Self> {
        ProcessBuilder::by(StartMethod::Thread)
    }
}

/// Those that the calling thread has started as processes and that have not ended.
///
/// ```
/// assert!(ganger::dummy::active_children().is_empty());
/// ```
#[must_use]
pub fn active_children() -> Vec<Process> {
    crate::active_children().into_iter().map(Process).collect()
}

/// A pool of threads, with everything that [`ganger::Pool`](crate::Pool) has.
///
/// ```
/// use ganger::dummy as mp;
///
/// #[ganger::task]
/// fn square(n: u64) -> u64 { n * n }
///
/// # fn main() -> Result<(), mp::Error> {
/// assert_eq!(mp::Pool::new(2)?.map(square, [1, 2, 3])?, [1, 4, 9]);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Pool(crate::Pool);

impl Pool {
    /// A pool of so many threads.
    ///
    /// # Errors
    /// As [`PoolBuilder::build`](crate::PoolBuilder::build).
    pub fn new(workers: usize) -> Result<Self, Error> {
        Self::builder().workers(workers).build()
    }

    /// To say more. Who names a start method there gets that one.
    #[must_use]
    pub fn builder() -> PoolBuilder<Self> {
        PoolBuilder::by(StartMethod::Thread)
    }
}

macro_rules! stands_for {
    ($($name:ident),*) => {$(
        impl From<crate::$name> for $name {
            fn from(threads: crate::$name) -> Self {
                Self(threads)
            }
        }

        impl Deref for $name {
            type Target = crate::$name;

            fn deref(&self) -> &crate::$name {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

stands_for!(Process, Pool);
