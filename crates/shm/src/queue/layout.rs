//! What lies where in the memory of a queue.
//!
//! ```text
//!  words  0        16                 32      48                 64      80        DATA       + window       + capacity
//!         ├────────┼──────────────────┼───────┼──────────────────┼───────┼────────┼──────────┼──────────────┤
//!         │ bounds │ lock of putters, │ tail  │ lock of getters, │ head, │ who    │ records  │ not used yet │
//!         │ closed │ getters asleep   │       │ putters asleep   │ floor │ joins  │          │              │
//!         └────────┴──────────────────┴───────┴──────────────────┴───────┴────────┴──────────┴──────────────┘
//!
//!  a record   │ number, flag, length │ state │ bytes … │        the state: waiting, in the hand of somebody, or done
//! ```
//!
//! Each group has 128 bytes of its own, as processors fetch cache lines in pairs: so one who puts and one who gets write
//! no line that the other writes, and meet only where one reads how far the other is.

use super::place::UNIT;

/// So many words a group has to itself.
const GROUP: usize = if cfg!(loom) { 8 } else { 16 };

/// Says that this is the memory of a queue.
#[cfg(not(loom))]
pub(super) const MARK: usize = 0;
/// How many items may wait; 0 for as many as there is room for.
#[cfg(not(loom))]
pub(super) const MOST: usize = 1;
/// 1 if items stay until they are done.
#[cfg(not(loom))]
pub(super) const KEEPS: usize = 2;
/// 1 when nobody may put any more. Changed by the holder of `PUTTERS`.
pub(super) const CLOSED: usize = 3;
/// How much of the data is in use as a ring, in bytes. Changed by the holder of both locks.
pub(super) const WINDOW: usize = 4;
/// When somebody last looked who has died, in milliseconds since the machine began.
pub(super) const SURVEYED: usize = 5;

/// The lock of those who put.
pub(super) const PUTTERS: usize = GROUP;
/// How far they have last seen the getters.
pub(super) const SEEN_HEAD: usize = GROUP + 1;
/// How far they have last seen what is done.
pub(super) const SEEN_FLOOR: usize = GROUP + 2;
/// 1 when somebody who polls wants to be told of the next item.
pub(super) const POLLED: usize = GROUP + 3;
/// Getters that sleep, and what they sleep on.
pub(super) const GETTERS_ASLEEP: usize = GROUP + 4;
/// The place behind the last item.
pub(super) const TAIL: usize = 2 * GROUP;

/// The lock of those who get.
pub(super) const GETTERS: usize = 3 * GROUP;
/// How far they have last seen the putters.
pub(super) const SEEN_TAIL: usize = 3 * GROUP + 1;
/// How many items before the head wait again.
pub(super) const RETURNED: usize = 3 * GROUP + 2;
/// Putters that sleep, and what they sleep on.
pub(super) const PUTTERS_ASLEEP: usize = 3 * GROUP + 3;
/// The place of the next item.
pub(super) const HEAD: usize = 4 * GROUP;
/// The place of the first item that is not done.
pub(super) const FLOOR: usize = 4 * GROUP + 1;

/// Those who wait until all is done, and what they sleep on. Changed by the holder of `GETTERS`.
pub(super) const JOINERS_ASLEEP: usize = 5 * GROUP;

/// Where the records begin, in bytes.
pub(super) const DATA: usize = if cfg!(loom) { 6 * GROUP * UNIT } else { 4096 };

/// "ganger's queue".
#[cfg(not(loom))]
pub(super) const IS_QUEUE: u64 = u64::from_be_bytes(*b"ganger-q");
