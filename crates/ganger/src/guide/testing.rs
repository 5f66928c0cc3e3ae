//! Test that your job survives.
//!
//! A worker that dies in the middle of a task is rare, until the machine is short of memory, a library has a bad day or
//! somebody pulls a plug. What your program does then should have been tried before; and not by a `kill` after a `sleep`, which
//! sometimes hits and mostly does not. Here a test says who dies of what, *exactly where*, and it happens there each time.
//!
//! # Ten lines
//! `tests/survives.rs`, in any crate that depends on `ganger`:
//!
//! ```
//! use ganger::Pool;
//! use ganger::testing::{Fault, Point, counts};
//!
//! #[ganger::task]
//! fn square(n: u64) -> u64 {
//!     n * n
//! }
//!
//! #[ganger::test(timeout = "30s")]
//! fn a_worker_that_is_killed_in_the_middle_costs_nothing() -> Result<(), ganger::Error> {
//!     let kill = Fault::kill(Point::Begin).task(3);
//!     let pool = Pool::builder().workers(2).faults([kill]).build()?;
//!     let squares = (1..=8).map(|n| pool.submit(square, n)).collect::<Result<Vec<_>, _>>()?;
//!     for (n, square) in (1..=8).zip(squares) {
//!         assert_eq!(square.result()?, n * n);
//!     }
//!     assert_eq!(counts(&pool).deaths, 1, "it did happen");
//!     Ok(())
//! }
//! ```
//!
//! `cargo test` runs it. The worker that begins the third task dies of SIGKILL before it calls the function; the task is tried
//! again by another, and nobody who waits for it notices. In your own test the middle is your job, in place of the squares.
//!
//! # What `#[ganger::test]` adds
//! It is `#[test]` with a process of its own ([more](macro@crate::test)). So the test may kill, stop and exhaust what it likes; a
//! hang ends at the deadline, with what every thread and process of it was doing; and what it leaves behind, such as a
//! child that nobody waited for, a descriptor or a daemon, is a failure. In a plain `#[test]`,
//! [`Leaks::watch`](crate::testing::Leaks) looks after the last of these, and [`test_worker!()`](crate::test_worker) is needed.
//!
//! # Who, where, what
//! A [`Fault`](crate::testing::Fault) is a sentence: `Fault::exit(3, Point::Write).worker(2).task(7)`. If it does not say which
//! attempt, it means the first, so that the next one succeeds; [`any_attempt`](crate::testing::Fault::any_attempt) and
//! [`always`](crate::testing::Fault::always) make a task that kills everybody who tries it.
//!
//! | to see that … | order |
//! |---|---|
//! | a task that was lost is tried again | `Fault::kill(Point::Begin).task(3)` |
//! | half a result is never taken for one | `Fault::kill(Point::Write).task(3)` |
//! | a result that is whole is not lost, and not made twice | `Fault::kill(Point::Written).task(3)` |
//! | an exit in the middle is no success | `Fault::exit(0, Point::Begin)` |
//! | a task that kills every worker is given up | `Fault::segv(Point::Begin).task(3).any_attempt().always()` |
//! | a worker that hangs is found by the time limit | `Fault::stop(Point::Begin)`, with [`timeout`](crate::TaskOptions::timeout) |
//! | workers that do not start are an error and no silence | `Fault::kill(Point::Start).always()` |
//! | who waits for a lock is told when its holder has died | `Fault::kill(Point::Lock)`, with [`memory_of`](crate::testing::memory_of) to say which lock |
//! | half an item is never in a queue | `Fault::kill(Point::Put)`, `Fault::kill(Point::Get)` |
//! | clients outlive their manager | [`ManagerBuilder::faults`](crate::manager::ManagerBuilder::faults), `Fault::kill(Point::Answer)` |
//! | a process's end is seen | [`ProcessBuilder::faults`](crate::ProcessBuilder::faults), `Fault::exit(3, Point::Retire)` |
//!
//! [`Deed`](crate::testing::Deed) has what can be done beside dying, [`Point`](crate::testing::Point) every place. What makes no sense
//! together is refused when the pool is built. Code in a process of its own can strike itself:
//! [`arm`](crate::testing::arm()).
//!
//! # A program that is not yours to change
//! The same plan as text, in the environment of the program under test, for every pool that it builds: `GANGER_FAULTS='kill
//! at=begin task=3; stop at=idle worker=2 pool=resize'`. It says so in the log. `ganger run` and `ganger serve` read it too; the
//! guides of both show that (`docs/run/testing.md`, `docs/serve/testing.md`).
//!
//! # Waiting for it
//! Not with a `sleep`: [`eventually`](crate::testing::eventually()) looks until something holds, or a deadline is over;
//! [`workers`](crate::testing::workers) tells each worker's process and state, [`counts`](crate::testing::counts) what
//! has happened so far.
