//! For tests that kill workers: faults that strike at exact points, and waiting without sleeping.
//!
//! A [`Fault`] is a [`Deed`], the [`Point`] where it is done, and in which of the cases that come past there. Off unless
//! asked for.

pub(crate) mod plan;

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
