//! The decisions of a pool: events in, actions out. No file descriptor, no clock, no thread.
mod event;
pub use event::{Action, End, Event, Moment};

mod machine;
pub use machine::{Machine, WorkerStatus, WorkerView};

mod task;
mod worker;
mod queue;
mod prefetch;
mod dispatch;
mod settle;
mod recall;
mod balance;
mod crew;
mod restart;
mod timers;
mod deadline;
mod ladder;
mod random;
mod show;
