//! For tests that kill workers: faults that strike at exact points, waiting without sleeping, and what a test leaves.
//!
//! A [`Fault`] is a [`Deed`], the [`Point`] where it is done, and in which of the cases that come past there. Off unless
//! asked for: by the builder of a pool, a process or a manager, by `GANGER_FAULTS`, or by [`arm`](arm()) in a process itself.
//! [`guide::testing`](crate::guide::testing) begins with a test of ten lines; [`#[ganger::test]`](macro@crate::test) is what it stands in.

pub(crate) mod plan;

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
