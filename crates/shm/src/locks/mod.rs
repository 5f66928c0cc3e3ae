//! Locks between processes that outlive their holders: what Ganger's locks, semaphores, conditions and barriers are made
//! of. README.md in this directory has the protocol, what holds and why.
//!
//! ```text
//!  RobustWord   a lock in one word of shared memory, which names its holder; a dead holder's is taken over
//!  Ledger       words behind such a lock, changed all or none at all; waiting until they say what one waits for
//! ```

mod nap;
pub(crate) use nap::{Naps, PATIENCE};

pub(crate) mod survey;

mod robust;
pub use robust::{Acquired, RobustWord};

mod redo;

mod turn;
pub use turn::{EVERYONE, Turn};

#[cfg(not(loom))]
mod memory;

mod ledger;
#[cfg(loom)]
pub(crate) use ledger::Head;
pub use ledger::Ledger;
