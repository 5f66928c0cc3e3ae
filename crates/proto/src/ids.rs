//! Names for tasks, workers and shared values: newtypes, so that one cannot be taken for another.
//!
//! An id is an index into its owner's table together with a generation: the index is reused, the id never is (until
//! four thousand million tasks have gone through the same place in the table), so a late message about an old task
//! cannot be taken for one about the task that has its place now.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $letter:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(u64);

        impl $name {
            /// The id for place `index` of its table, used for the `generation`-th time.
            #[must_use]
            pub const fn new(index: u32, generation: u32) -> Self {
                Self((generation as u64) << 32 | index as u64)
            }

            /// The place in the owner's table.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as u32 as usize
            }

            /// How often the place was used before.
            #[must_use]
            pub const fn generation(self) -> u32 {
                (self.0 >> 32) as u32
            }

            /// The id as one word, for the wire and for shared memory.
            #[must_use]
            pub const fn to_bits(self) -> u64 {
                self.0
            }

            /// The id that [`to_bits`](Self::to_bits) made.
            #[must_use]
            pub const fn from_bits(bits: u64) -> Self {
                Self(bits)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($letter, "{}.{}"), self.index(), self.generation())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self, f)
            }
        }
    };
}

id! {
    /// One task of a pool.
    TaskId, "t"
}

id! {
    /// One worker of a pool. A replacement has another id than the worker it replaces.
    WorkerId, "w"
}

id! {
    /// One value that is sent once a worker, not once a task.
    SharedId, "s"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_its_parts() {
        let id = TaskId::new(7, 3);
        assert_eq!((id.index(), id.generation()), (7, 3));
        assert_eq!(TaskId::from_bits(id.to_bits()), id);
        assert_eq!(id.to_string(), "t7.3");
    }
}
