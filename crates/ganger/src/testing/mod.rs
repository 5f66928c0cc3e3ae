//! For tests that kill workers: faults that strike at exact points, waiting without sleeping, and what a test leaves.
//!
//! A [`Fault`] is a [`Deed`], the [`Point`] where it is done, and in which of the cases that come past there. It is off
//! unless asked for, by the builder of a pool, a process or a manager, by `GANGER_FAULTS`, or by [`arm`](arm()) in a process
//! itself, and costs nothing then. [`guide::testing`](crate::guide::testing) begins with a test of ten lines;
//! [`#[ganger::test]`](macro@crate::test) is what it stands in. What nothing is said about is whichever comes first: the first worker, the
//! first task, a first attempt, once. So a task that is struck succeeds when it is tried again, and
//! [`any_attempt`](Fault::any_attempt) with [`always`](Fault::always) has it fail for good.
//!
//! ```
//! use ganger::testing::{Deed, Fault, Point, counts};
//! use ganger::{Exit, Pool};
//!
//! #[ganger::task]
//! fn square(n: u64) -> u64 { n * n }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! ganger::init();
//! let plan = [
//!     Fault::kill(Point::Begin).task(1),
//!     Fault::exit(3, Point::Write).task(2).any_attempt().always(),
//!     Deed::Exit(0).at(Point::Start).worker(2),
//! ];
//! let pool = Pool::builder().workers(2).faults(plan).build()?;
//! let futures: Vec<_> = (1..=3).map(|n| pool.submit(square, n)).collect::<Result<_, _>>()?;
//! assert_eq!(futures[0].result()?, 1);
//! assert_eq!(futures[1].result().unwrap_err().crashes(), Some(&[Exit::Code(3); 3][..]));
//! assert_eq!(futures[2].result()?, 9);
//! assert_eq!(counts(&pool).settled(), 3);
//! # Ok(()) }
//! ```
//!
//! # As text
//!
//! The variable `GANGER_FAULTS` orders the same from a program under test, `ganger run` and `ganger serve` among them: faults
//! with `;` between them, each a deed and what says where. Pools of a service are called as its queues, that of a run is
//! called `run`. A service tries a task again as another task of its pool, so there every attempt is a first one.
//!
//! ```text
//! kill at=begin worker=2 task=7 attempt=1; exit(3) at=write times=always; stop at=idle pool=run
//! ```
//!
//! | what | values | if it is not said |
//! |---|---|---|
//! | the deed | `kill` `segv` `abort` `exit(STATUS)` `panic` `stop` `stubborn` `garbage` `oversized` `close` `out-of-memory` `no-descriptors` `slow-reader` `grandchild` | |
//! | `at` | `start` `init` `begin` `write` `written` `idle` `retire`, and what a [`Point`] has more | |
//! | `worker` | its slot, from 1 | any |
//! | `task` | the nth that the pool accepted, from 1 | any |
//! | `attempt` | from 1, or `any` | 1 |
//! | `times` | how often, or `always` | 1 |
//! | `pool` | the pool's name, without blanks | any |
//!
//! # What holds while it strikes
//!
//! What holds without: each accepted task has one outcome, and nobody but the task that was in hand suffers. What a worker
//! does that it lives through, as `no-descriptors`, may be felt by its later tasks. A deed that hangs (`stop`, `stubborn`) is
//! found by its task's time limit, or by the start time-out; between tasks by nobody, so give those that come a limit.
//! `written` is exact for results of up to a quarter of a worker's ring (2 MiB): longer ones are read while they are written.

pub(crate) mod plan;
pub use plan::from_environment;

pub(crate) mod alone;

pub(crate) mod deeds;

pub(crate) mod arm;
pub use arm::{arm, disarm};

mod memory;
pub(crate) use memory::sealed::Lies;
pub use memory::{InSharedMemory, memory_of};

mod eventually;
pub use eventually::{Overdue, eventually};

mod look;
pub use look::{Counts, WorkerState, WorkerView, counts, workers};

mod leaks;
pub use leaks::{Leaked, Leaks};

mod harness;
#[doc(hidden)]
pub use harness::run as run_test;

pub use ganger_proto::fault::{ALWAYS, Deed, Fault, FaultError, Point, parse};
