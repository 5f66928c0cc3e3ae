//! The words that Ganger's processes say to each other. No operating system, no clock, no thread.
//!
//! ```text
//!  ① spec            ② dispatch            ③ worker            ④ outcome
//!  TaskSpec ───────► (ganger-machine) ───► ToWorker
//!                                          FromWorker ───────► Outcome
//! ```
//!
//! A *task* is one piece of work with an id; an *attempt* is one try at it; its *outcome* is told exactly once.
//! A *worker* is a process (or a thread) that runs tasks; the *supervisor* owns the workers.
//!
//! Everything in here is plain data. [`message`] is the whole protocol, one enum per direction; [`codec`] is the only
//! file that knows how a value becomes bytes.

mod ids;
pub use ids::{SharedId, TaskId, WorkerId};

pub mod policy;

pub mod spec;

mod sandbox;
pub use sandbox::{Network, Sandbox};

pub mod message;

mod control;

pub mod worker;

pub mod log_record;

pub mod outcome;

pub mod fault;

pub mod codec;

#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
