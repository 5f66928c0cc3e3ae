//! Tasks, processes, threads: which to take.
//!
//! # Begin with tasks
//! A task is a call of a function in a pool. It has one outcome, told once, and everything that goes wrong with it is that
//! outcome: a panic, a crash, a time limit, a cancel. Workers are started, watched and replaced by the pool. If work can be
//! cut into calls, take a [`Pool`](crate::Pool); nothing else here does as much for as little.
//!
//! | the work is | take | since |
//! |---|---|---|
//! | many items, one function | [`Pool::map`](crate::Pool::map), [`imap`](crate::Pool::imap) | items are packed by what they cost; the input may be endless |
//! | single calls, at different times | [`Pool::submit`](crate::Pool::submit) | a future each: wait, cancel, `.await` |
//! | work that goes on when the program has ended | `ganger_client::ServiceExecutor` | `ganger serve` keeps the queue, and runs the program's functions |
//! | code that is given an executor | [`ProcessPoolExecutor`](crate::ProcessPoolExecutor), [`Executor`](crate::Executor) | the caller chooses what is behind the trait |
//! | one long call with a life of its own | [`Process`](crate::Process) | start, watch, signal, join; no queue in front of it |
//! | stages that pass items on | a queue between tasks or processes | each stage at its own speed; who dies holds up nobody |
//! | a program of somebody else | `ganger run`, or [`PoolBuilder::for_commands`](crate::PoolBuilder::for_commands) | its whole tree ends with it |
//!
//! # Processes or threads
//! Rust's threads run in parallel, so Python's first reason for processes, its lock around the interpreter, is not one. These
//! are:
//!
//! - **It may crash.** A segmentation fault, an abort, a stack overflow or the kernel's out-of-memory killer takes a whole
//!   process. In a worker that costs one attempt of one task.
//! - **It must be ended.** A thread cannot be killed. A time limit that holds, whatever the code does, needs a process.
//! - **It is not thread-safe**: C libraries with globals, code that changes the directory, the locale or the environment.
//! - **It leaks or fragments.** [`max_tasks_per_worker`](crate::PoolBuilder::max_tasks_per_worker) replaces a worker before it
//!   matters.
//!
//! Otherwise threads are cheaper: nothing is encoded to be thrown away, and memory is shared. In numbers (two cores; the
//! README has the table and its command): a task through a worker process and back costs about half a microsecond when many
//! are under way, some 2 µs when one waits for each; a worker costs about 80 KiB of memory of its own and a third of a
//! millisecond to start. So a function that takes a microsecond should be [mapped](crate::Pool::map), which packs, and one
//! that takes a millisecond does not feel the boundary.
//!
//! It is one word to change, and the way to find out is to change it:
//!
//! ```
//! use ganger::{Pool, StartMethod};
//!
//! #[ganger::task]
//! fn digits(n: u32) -> usize { (1..=n).map(|n| n.to_string().len()).sum() }
//!
//! # fn main() -> Result<(), ganger::Error> {
//! ganger::init();
//! for method in [StartMethod::Zygote, StartMethod::Thread] {
//!     let pool = Pool::builder().workers(2).start_method(method).build()?;
//!     assert_eq!(pool.map(digits, [9, 10, 100])?, [9, 11, 192]);
//! }
//! # Ok(()) }
//! ```
//!
//! # How to get data there
//! | data | by | copies |
//! |---|---|---|
//! | arguments and results | serde, through shared memory | one in, one out |
//! | the same value for many tasks | [`Pool::share`](crate::Pool::share) | one a worker |
//! | what can be loaded before all tasks | [`PoolBuilder::preload`](crate::PoolBuilder::preload) | none: workers are forked from where it lies |
//! | numbers that all change | [`state::Value`](crate::state::Value), [`state::Array`](crate::state::Array) | none |
//! | bytes that all see | [`state::SharedMemory`](crate::state::SharedMemory) | none |
//! | open files, sockets | [`Descriptor`](crate::Descriptor) | none |
//!
//! Prefer results to shared state: a result comes whole or not at all, and nobody has to think of who else writes. Where
//! processes do share, [`sync`](crate::sync) has locks that outlive their holders.
