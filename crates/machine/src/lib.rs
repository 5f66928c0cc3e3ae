//! The decisions of a pool: events in, actions out. No file descriptor, no clock, no thread, and no allocation for a
//! task beyond its slot.
//!
//! ```text
//!   calls, messages, deaths,  ──► Machine::on(now, Event) ──► Vec<Action> ──► deeds
//!   signals, deadlines                                         (the driver's business, in order)
//! ```
//!
//! # A task
//! ```text
//!              ┌────────────────── given back, uncharged ──────────────────┐
//!              ▼                                                           │
//!  Submitted ► Queued ──Send──► Held ──TakeBack──► TakingBack ──TakenBack──┤
//!              ▲                 │  ◄─────Kept──────┘ │                     └─► cancelled: settled
//!              │                 │                    └─Kept, cancelled─► Doomed ──Kill──► WorkerGone ─► settled,
//!              │                 ├─ time limit ─────────────────────────►   │                            or charged
//!              │                 │                                          │
//!           Backoff ◄─ charged ──┴── Finished, or its worker died ◄─────────┘ the result stands, if it comes first
//! ```
//!
//! # A worker
//! ```text
//!  Start ► Starting ──Ready──► Ready ──(held its last task, or not needed)──► Retiring ──► gone
//!             │                 │ ▲                                              │
//!             │ too slow        │ └─ the victim has ended ─┐                     │ grace is over
//!             ▼                 ▼                          │                     ▼
//!           Killed            Isolating ───────────────────┴── alone ─────────► Killed ──► gone
//! ```
//! TERM to all leads from each of them to `Terminated`, and death from each of them to gone.
//!
//! # The ladder
//! ```text
//!  Running ─Close─► Closing ─Interrupt─► Interrupted ─Terminate─► Terminating ─Kill, grace─► Killing ──► Closed
//! ```
//! Upwards only, from any rung to any higher one; a pool that fails goes to `Killing`. `Closed` follows when the last
//! task is settled and the last worker gone.
//!
//! # Invariants
//! The simulated world in `tests/world` checks them after every step.
//!
//! 1. Each accepted task is settled exactly once; none is forgotten: as long as one is open, something can still happen.
//! 2. Nothing is sent to a worker that is not ready, that was told to end, or that is being killed or isolated.
//! 3. What the machine believes a worker to hold is what was sent and has not come back, in the order sent; never more
//!    than `prefetch.most`, never more in all than its quota.
//! 4. No worker is idle beside a queue, unless it waits for its predecessor's last task.
//! 5. The highest priority is sent first; first come, first served among equals that were never given back.
//! 6. A kill for a task hits that task or nobody.
//! 7. Only the task that a worker was in is charged for its death, and nobody for a death that was our doing, except the
//!    one that was over its time. No task is tried more often than its policy says.
//! 8. No more than `workers` workers have tasks in hand at a time, and a slot has no more than two workers, of which one
//!    is leaving.
//! 9. The next deadline after a tick is later than the tick: no busy loop.
//! 10. `Closed` is told once, after everything else.
//! 11. An event that contradicts all this changes nothing: a worker may lie, and harms at most the tasks it holds.
//! 12. A start that fails for want of something fails no pool that has another worker. Its slot is not forgotten: while
//!     an eager pool runs and a slot has no worker, one is starting or leaving, or there is a deadline.
//!
//! # What the driver promises
//! Actions are done in order. All that a worker sent is told before [`Event::WorkerGone`], and before a
//! [`Event::Tick`] that is late by as much as a grace. Each [`Action::TakeBack`] is answered, unless the task's own end or
//! the worker's death is told first; an answer is told before the task is sent to the same worker again.

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
mod starts;
mod timers;
mod deadline;
mod ladder;
mod random;
mod show;
