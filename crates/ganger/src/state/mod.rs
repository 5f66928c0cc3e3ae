//! State that processes share: Python's `Value`, `Array`, `SharedMemory` and `ShareableList`.
//!
//! Each object lives in a piece of shared memory of its own, behind one descriptor. It travels in the arguments of tasks and
//! in messages, and [`open`](RawValue::open) makes the same object from its descriptor. Clones are the same object.
//!
//! | | holds | and |
//! |---|---|---|
//! | [`Value<T>`](Value) | one value | a lock of its own, or one that you give ([`with_lock`](Value::with_lock)) |
//! | [`Array<T>`](Array) | so many values | as above |
//! | [`RawValue<T>`](RawValue), [`RawArray<T>`](RawArray) | the same | no lock, but operations in one step |
//! | [`SharedMemory`] | bytes | a name, where you ask for one |
//! | [`SharedBytes`] | bytes that nobody changes any more | is read as a `&[u8]` |
//! | [`ShareableList`] | numbers, strings, bytes, of mixed types | slots of a fixed size |
//!
//! `T` is [`Plain`]: an integer, a float, `bool`, `char`, or an array or a tuple of such (Python's `Structure`). Each
//! [`Scalar`] is read and written in one step, so it is never torn; arrays and tuples are written part by part, and want the
//! lock.
//!
//! ```
//! use ganger::Pool;
//! use ganger::state::{RawValue, Value};
//!
//! #[ganger::task]
//! fn add(total: Value<i64>, calls: RawValue<u32>, n: i64) {
//!     calls.fetch_add(1);
//!     let total = total.lock().unwrap();
//!     total.set(total.get() + n);
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! ganger::init();
//! let (total, calls) = (Value::new(0)?, RawValue::new(0)?);
//! Pool::new(2)?.starmap(add, (1..=10).map(|n| (total.clone(), calls.clone(), n)))?;
//! assert_eq!((total.get()?, calls.get()), (55, 10));
//! # Ok(()) }
//! ```
//!
//! # When somebody dies
//! Who is killed holding a value's lock holds nobody up: the next is told ([`OwnerDied`](crate::sync::OwnerDied)), once,
//! since the value may be half changed. What has no lock is never waited for. Memory without a name ends with the last who
//! has it; a name ends with its owner ([`SharedMemory::create`]).

pub use ganger_shm::state::{Integer, Plain, Scalar};

mod error;
pub use error::{AccessError, ListError, OutOfRange, SharedMemoryError};

mod memory;

mod raw_value;
pub use raw_value::RawValue;

mod raw_array;
pub use raw_array::RawArray;

mod synchronized;
pub use synchronized::{Locked, Synchronized};

mod value;
pub use value::Value;

mod array;
pub use array::Array;

mod shared_memory;
pub use shared_memory::SharedMemory;

mod shared_bytes;
pub use shared_bytes::SharedBytes;

mod slots;

mod item;
pub use item::Item;

mod shareable_list;
pub use shareable_list::ShareableList;
