//! Shared memory: the data plane between one supervisor and one worker, and the [`locks`], the [`state`] and the [`queue`]s
//! of any number of processes.
//!
//! ```text
//!  supervisor                    one sealed memfd                       worker
//!  ┌──────────────┐   ┌───────────────────────────────────┐   ┌──────────────┐
//!  │ Writer       ├──►│ to_worker ring     records ─────► ├──►│ Reader       │
//!  │ Reader       │◄──┤ from_worker ring ◄────── records  │◄──┤ Writer       │
//!  │ state()      │◄──┤ state page: current task, item …  │◄──┤ state()      │
//!  └──────────────┘   └───────────────────────────────────┘   └──────────────┘
//! ```
//!
//! What holds of the data plane, whoever dies at whichever instruction (README.md beside this crate's sources has the protocol and its
//! proof):
//! - A record is published by one release store after it is whole: half a record is never seen.
//! - No lock is shared, so a death leaves nothing locked.
//! - A reader checks every position and length against the sealed size: garbage is an error, never a wild access.
//! - What the worker has not begun, the supervisor can take back, by a compare-and-swap on the record.
//! - A sleeper is woken only if it sleeps, and never misses a record.
#![expect(unsafe_code, reason = "shared memory is raw memory; this crate is the fence around it")]

mod sync;

pub mod hook;

#[cfg(not(loom))]
pub mod segment;

mod layout;
pub use layout::NO_TASK;

#[cfg(not(loom))]
pub mod futex;
#[cfg(loom)]
pub mod model;
#[cfg(loom)]
use model::futex;

pub mod ring;

pub mod locks;

#[cfg(not(loom))]
pub mod state;

#[cfg(not(loom))]
pub mod queue;

mod send;
pub use send::{HEAD, Piece};

mod receive;
pub use receive::{Claims, Received};

mod assembly;
pub use assembly::Assembly;

#[cfg(not(loom))]
pub mod link;
