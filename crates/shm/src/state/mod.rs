//! Memory that any number of processes look into at a time: cells of plain values, and bytes.
//!
//! Everything that can change is read and written by atomic operations, so that whoever else writes meanwhile, or is killed
//! while he does, a reader sees a value that some writer meant, or garbage if one scribbles; never anything undefined.
//!
//! ```text
//!  Plain    what fits into a cell: integers, floats, bool, char; arrays and tuples of them
//!  Cells    so many of one type, in the words of a ledger
//!  Bytes    a mapping of bytes and words: a sealed memfd, or a file in /dev/shm that has a name
//!  Sealed   bytes that nobody can change any more
//!  named    the name, whose owner takes it away, and whose owner's death can be told
//! ```

mod plain;
pub use plain::{Integer, Plain, Scalar};

mod compound;

mod cells;
pub use cells::Cells;

mod bytes;
pub use bytes::Bytes;

mod sealed;
pub use sealed::Sealed;

pub mod named;
