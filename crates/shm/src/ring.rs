//! One direction of a link: a ring of records with one writer and one reader, in different processes.
//!
//! Positions count bytes since the beginning and never wrap; the place of a record is its position modulo the capacity.
//! Records do not straddle the end: a `Pad` fills the rest. A writer that finds the ring empty at the border of a page
//! also pads, so that an idle ring stays within its first pages and they stay in the cache.

mod record;
pub use record::{Corrupt, Position};
pub(crate) use record::{Kind, Record};

mod memory;
#[cfg(loom)]
pub(crate) use memory::Access;
#[cfg(not(loom))]
pub(crate) use memory::CAPACITIES;
pub(crate) use memory::Memory;

mod writer;
pub use writer::Writer;

mod reader;
pub(crate) use reader::Peer;
pub use reader::Reader;

mod sleep;
