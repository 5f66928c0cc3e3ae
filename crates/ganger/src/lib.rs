//! Supervised worker processes for CPU-heavy work: Python's `multiprocessing` and `concurrent.futures`, typed, and
//! without their hangs.
//!
//! A [`Pool`] keeps a set of worker processes at work. It hands them tasks, collects what comes back, replaces those that
//! die, and tells of every task exactly once how it ended. This page says what there is; the [`guide`] how to think with it.
//!
//! ```
//! use ganger::{Pool, TaskOptions};
//! use std::time::Duration;
//!
//! #[ganger::task]
//! fn collatz(mut n: u64) -> u32 {
//!     let mut steps = 0;
//!     while n != 1 {
//!         n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
//!         steps += 1;
//!     }
//!     steps
//! }
//!
//! fn main() -> Result<(), ganger::Error> {
//!     ganger::init(); // first: in a worker it never returns
//!     let pool = Pool::new(ganger::cpu_count())?;
//!     let steps = pool.map(collatz, 1..100_000)?;
//!     assert_eq!(steps.iter().max(), Some(&350));
//!
//!     let limited = TaskOptions::new().timeout(Duration::from_secs(5));
//!     let future = pool.submit_with(&limited, collatz, 27)?;
//!     assert_eq!(future.result()?, 111);
//!     Ok(())
//! }
//! ```
//!
//! # What can be a task
//! A function with a name, at any place in the program, with `#[ganger::task]` above it. It stays an ordinary function. Up to
//! six arguments; they and the result implement serde's `Serialize` and `Deserialize`, and hold no borrow ([`Portable`]). One
//! argument is given as it is, more as a tuple, none as `()`. Not: closures, methods, generic and `async` functions; the
//! compiler says so.
//!
//! A function may return a `Result`. Its own error is a value like any other: [`Future::result`] gives
//! `Ok(Err(…))`, and the task counts as failed, so it is tried again if [`TaskOptions::failure_attempts`] allows it.
//!
//! ```
//! # use ganger::Pool;
//! #[ganger::task]
//! fn root(n: f64) -> Result<f64, String> {
//!     if n < 0.0 { Err(format!("{n} has no root")) } else { Ok(n.sqrt()) }
//! }
//!
//! # fn main() -> Result<(), ganger::Error> {
//! # ganger::init();
//! let pool = Pool::new(1)?;
//! assert_eq!(pool.apply(root, 9.0)?, Ok(3.0));
//! assert_eq!(pool.apply(root, -1.0)?, Err("-1 has no root".to_owned()));
//! # Ok(()) }
//! ```
//!
//! Only the function's *name* crosses to the worker. So a worker must register the same tasks as its supervisor, and one that
//! does not is refused when it says hello. One trap: the linker drops a crate that nothing in the program mentions, without
//! a word, and its tasks with it. If a function is said not to be registered though `#[ganger::task]` is above it, name its
//! crate somewhere (`use tasks as _;`).
//!
//! A task may start threads and processes. If it forks by itself, the child must not return from the task: it is ended with
//! status 70 and a word on stderr, and the worker goes on.
//!
//! # How workers start
//! One word, [`PoolBuilder::start_method`], and nothing else changes:
//!
//! | [`StartMethod`] | a worker is | for |
//! |---|---|---|
//! | `Zygote` (default) | forked from a process that executed this program once and has no threads | everything |
//! | `Spawn` | this program, executed anew | programs with threads before `main`; another C library than glibc |
//! | `Thread` | a thread of this process | work that waits more than it computes |
//! | `Inline` | nobody: the task runs in the caller | debugging |
//!
//! ```
//! # use ganger::{Pool, StartMethod};
//! # #[ganger::task]
//! # fn square(n: u64) -> u64 { n * n }
//! # fn main() -> Result<(), ganger::Error> {
//! # ganger::init();
//! for method in [StartMethod::Zygote, StartMethod::Spawn, StartMethod::Thread, StartMethod::Inline] {
//!     let pool = Pool::builder().workers(2).start_method(method).build()?;
//!     assert_eq!(pool.map(square, [1, 2, 3])?, [1, 4, 9]);
//! }
//! # Ok(()) }
//! ```
//!
//! The worker program is the running one as the kernel has it, whatever became of its file since, or the one that
//! [`PoolBuilder::worker_program`] names. A worker's stdin is `/dev/null`; its stdout and stderr are those of this process.
//!
//! # Loading something once
//! [`PoolBuilder::preload`] calls a function in the zygote, before it forks: what it loads is in every worker, copy-on-write.
//! [`PoolBuilder::initializer`] calls one in each worker before its first task. [`Pool::share`] is for a value that the
//! caller has: a task names it, and each worker is sent it once.
//!
//! ```
//! # use ganger::{Pool, Shared};
//! use std::sync::OnceLock;
//!
//! static MODEL: OnceLock<Vec<u64>> = OnceLock::new();
//!
//! #[ganger::task]
//! fn load(size: u64) { MODEL.set((0..size).collect()).expect("loaded once"); }
//!
//! #[ganger::task]
//! fn predict(weights: Shared<Vec<u64>>, n: usize) -> u64 { MODEL.get().expect("preloaded")[n] * weights[n] }
//!
//! # fn main() -> Result<(), ganger::Error> {
//! # ganger::init();
//! let pool = Pool::builder().workers(2).preload(load, 1000).build()?;
//! let weights = pool.share(vec![3; 1000])?;
//! assert_eq!(pool.starmap(predict, [(weights.clone(), 7), (weights, 8)])?, [21, 24]);
//! # Ok(()) }
//! ```
//!
//! A preload may start no thread that is still there when it returns. The workers forget a shared value when its last
//! handle and the last task that names it are gone. A shared value belongs to its pool, and is nothing but an argument.
//!
//! # Many inputs
//! [`Pool::map`] packs items into tasks of about 200 µs of work and gives a `Vec`. [`Pool::imap`] gives results as they come,
//! in the items' order, and takes items only as results are taken: its input may be endless. [`Pool::imap_unordered`] gives
//! them in the order in which they come. An item that fails or panics has its error in its place. If an item kills its
//! worker, the items that were packed with it are run again one by one, so only that item has to answer for it. In a pool
//! whose tasks have a time limit ([`PoolBuilder::task_defaults`]) items are not packed: the limit is for each.
//!
//! ```
//! # use ganger::{Error, Pool};
//! # #[ganger::task]
//! # fn reciprocal(n: u32) -> u32 { 1000 / n }
//! # fn main() -> Result<(), Error> {
//! # ganger::init();
//! let pool = Pool::new(2)?;
//! let results: Vec<Result<u32, Error>> = pool.imap(reciprocal, [1, 0, 4])?.collect();
//! assert!(matches!(results[..], [Ok(1000), Err(_), Ok(250)]));
//! assert_eq!(pool.imap(reciprocal, 1..)?.take(2).collect::<Result<Vec<_>, _>>()?, [1000, 500]);
//! # Ok(()) }
//! ```
//!
//! # Options of a task
//! [`TaskOptions`], for one task by [`Pool::submit_with`], for all of a pool by [`PoolBuilder::task_defaults`]:
//!
//! | option | default | |
//! |---|---|---|
//! | `timeout` | none | of running; its worker is killed, and the attempt has failed |
//! | `soft_timeout` | none | [`Current::should_stop`] becomes true; a command gets SIGTERM |
//! | `crash_attempts` | 3 | when its worker died under it |
//! | `failure_attempts` | 1 | when it failed, panicked or ran out of time |
//! | `backoff` | no pause | before the next attempt |
//! | `priority` | 0 | higher is sooner |
//! | `name` | the function's | in errors |
//!
//! # What can go wrong
//! | type | who gets it | asks |
//! |---|---|---|
//! | [`SubmitError`] | a submit that was not accepted | `args` gives the arguments back, `error` says why |
//! | [`TaskError`] | who asks for the result | [`panic`](TaskError::panic), [`crashes`](TaskError::crashes), [`is_timed_out`](TaskError::is_timed_out), [`is_cancelled`](TaskError::is_cancelled), [`failure`](TaskError::failure), [`is_not_started`](TaskError::is_not_started) |
//! | [`ConnectionError`] | who sends, receives, listens or connects | [`is_disconnected`](ConnectionError::is_disconnected), [`is_timeout`](ConnectionError::is_timeout), … |
//! | [`QueueError`] | who puts or gets | [`is_full`](QueueError::is_full), [`is_empty`](QueueError::is_empty), [`is_closed`](QueueError::is_closed), [`is_disconnected`](QueueError::is_disconnected), … |
//! | [`manager::ManagerError`] | who uses objects of a manager | its variants; [`is_gone`](manager::ManagerError::is_gone) |
//! | [`Error`] | everybody else | [`task`](Error::task), [`is_timeout`](Error::is_timeout) of a wait, [`is_closed`](Error::is_closed), [`pool_failure`](Error::pool_failure), [`is_unregistered`](Error::is_unregistered) |
//!
//! ```
//! # use ganger::{Pool, TaskOptions};
//! #[ganger::task]
//! fn die(code: i32) { std::process::exit(code) }
//!
//! # fn main() -> Result<(), ganger::Error> {
//! # ganger::init();
//! let pool = Pool::new(1)?;
//! let error = pool.submit_with(&TaskOptions::new().crash_attempts(2), die, 7)?.result().unwrap_err();
//! assert_eq!(error.crashes().map(<[_]>::len), Some(2));
//! assert!(error.to_string().contains("exit code 7; exit code 7"), "{error}");
//! # Ok(()) }
//! ```
//!
//! A worker that dies costs the task that it was in, and no other. A pool gives up, and says why, when more than five times
//! as many workers as it has died within ten seconds without one finished task ([`PoolBuilder::restart`]), or when the
//! initializer, or the start of a worker with nobody ready, failed three times in a row. With `panic = "abort"` a panic is
//! the death of its worker.
//!
//! # Cancelling, and what is safe about killing
//! [`Future::cancel`] ends a task even if it runs, by killing its worker. First everything behind it is taken back, so no
//! other task suffers. The pool's own memory is never locked, so a kill leaves nothing locked; a lock of [`sync`] goes to
//! the next, who is told. What the task did to the world outside stays done: files half written, requests sent. A task
//! that may be killed, or tried again, should be safe to run twice. Threads cannot be killed: with `StartMethod::Thread`
//! a cancel of a running task changes nothing, and at its time limit a task is given up and goes on unheard.
//!
//! What waits when a pool is interrupted, terminated or killed was cancelled, and [`TaskError::is_cancelled`] says so; what
//! waits when a pool fails was not: [`TaskError::is_not_started`].
//!
//! Dropping a `Future` cancels nothing. Dropping the last handle of a [`Pool`] terminates it, as leaving Python's
//! `with Pool()` does; dropping an executor waits until everything is done. [`Pool::close`], [`Pool::interrupt`],
//! [`Pool::terminate`] and [`Pool::kill`] are the steps in between, and [`Pool::join`] waits with a time limit.
//!
//! # Logs
//! What a worker logs with the `log` crate arrives in the logger of the program that has the pool, however that one was set
//! up. [`log_to_stderr`] is for programs without one. A record keeps its level, target and place; its text begins with
//! the worker, its process and the task, and its key-values say the same: `pool`, `worker`, `pid`, `task`, `attempt`, and
//! `time`, in nanoseconds since 1970, when it was made. The records of a worker come in their order; one that was made before
//! its worker was killed comes as well. At `Info` the start and the end of every worker are told, with the reason.
//!
//! - Set the logger up in `main`, after [`init`] and before the pool: its level is the workers' level. Below it nothing is
//!   made, let alone sent.
//! - A logger that is set before [`init`] is the workers' as well, and they send nothing. Where the supervisor logs
//!   nothing, a worker may set one in its initializer; elsewhere it has one, and a second is refused.
//! - The logger is called on a thread of its own. While it is slower than the workers, they wait, so it must not wait for a
//!   task of the pool. The end of a pool waits for it for a second.
//! - Preloads log too. Of a record more than 64 KiB long the rest is cut. Threads that a task has started can log; their
//!   records name no task. A fork of a task, and a [`Process`], log to standard error.
//! - With `StartMethod::Thread` and `Inline` a task logs as any code of the program, without these words.
//!
//! # Asynchronous use
//! A [`Future`] is a `std::future::Future`, for any executor: `let answer = pool.submit(square, 7)?.await?;`.
//!
//! ```
//! # use std::{future::Future as _, pin::pin, sync::Arc, task::{Context, Poll, Wake, Waker}, thread};
//! # struct Unpark(thread::Thread);
//! # impl Wake for Unpark { fn wake(self: Arc<Self>) { self.0.unpark() } }
//! # fn block_on<T>(future: impl std::future::Future<Output = T>) -> T {
//! #     let (mut future, waker) = (pin!(future), Waker::from(Arc::new(Unpark(thread::current()))));
//! #     loop {
//! #         match future.as_mut().poll(&mut Context::from_waker(&waker)) {
//! #             Poll::Ready(value) => return value,
//! #             Poll::Pending => thread::park(),
//! #         }
//! #     }
//! # }
//! # #[ganger::task]
//! # fn square(n: u64) -> u64 { n * n }
//! async fn both(pool: &ganger::Pool) -> Result<u64, ganger::Error> {
//!     let (one, two) = (pool.submit(square, 3)?, pool.submit(square, 4)?);
//!     Ok(one.await? + two.await?)
//! }
//! # fn main() -> Result<(), ganger::Error> {
//! # ganger::init();
//! assert_eq!(block_on(both(&ganger::Pool::new(2)?))?, 25);
//! # Ok(()) }
//! ```
//!
//! # Tests
//! The `main` of a test program is not yours, so nothing calls [`init`] there. Write [`test_worker!()`](test_worker) once,
//! at the top level of the crate (or of a file under `tests/`), and `#[test]` functions can use pools under plain
//! `cargo test`. In a documentation example `fn main` calls `ganger::init()` as everywhere.
//!
//! # Python's words
//! The names are Python's wherever Rust's rules allow. [`guide::from_python`] has them all, with what changed and why.
#![cfg_attr(doctest, doc = include_str!("../../../README.md"))]

pub mod guide;

mod bootstrap;

mod registry;

mod arguments;

mod line;
pub use line::{Answer, FromInput, Input, worker};

mod linkage;
pub use linkage::{Linkage, linkage};

mod task;
pub use ganger_macros::task;
pub use task::{Portable, Task};

mod builder;
pub use builder::{PoolBuilder, StartMethod};

mod pool;
pub use pool::Pool;

mod line_pool;

mod options;
pub use options::TaskOptions;

mod process;
pub use process::{CurrentProcess, ParentProcess, Process, ProcessBuilder};
pub use process::{active_children, current_process, parent_process};

mod passing;

mod descriptor;
pub use descriptor::Descriptor;

mod shared;
pub use shared::Shared;

mod mapping;
pub use mapping::Mapping;

mod map_result;
pub use map_result::MapResult;

mod exit;

mod start_error;

mod title;

mod engine;

mod signals;
pub use signals::{Inquiries, Interrupts};

mod inline;

pub mod remote;

mod logging;
pub use log::LevelFilter;
pub use logging::log_to_stderr;

mod worker;
pub use worker::{Current, current, init};

mod slot;
mod latch;
mod future;
pub use future::Future;

mod gather;
pub use gather::{AsCompleted, ReturnWhen, Waited, as_completed, wait};

mod executor;
pub use executor::{Executor, InlineExecutor, ProcessPoolExecutor, ThreadPoolExecutor, Wait, Waiting};

pub mod connection;
pub use connection::{Client, Connection, ConnectionError, Listener, Pipe};

mod simple_queue;
pub use simple_queue::SimpleQueue;

pub mod queue;
pub use queue::{Consumer, JoinableConsumer, JoinableQueue, Producer, Queue, QueueError};

pub mod sync;

pub mod state;

pub mod manager;
pub use manager::managed;

pub mod dummy;

mod command;
pub use command::{Inquiry, Report, Reports, command_end};

mod ending;
pub use ending::Ending;

mod workers;
pub use workers::Running;

mod command_groups;
pub use command_groups::CommandGroups;

mod memory_file;
pub use memory_file::MemoryFile;

mod error;
pub use error::{Error, SubmitError};

mod task_error;
pub use task_error::TaskError;

mod harness;
pub mod testing;
pub use harness::test;

pub use ganger_proto::message::Stream;
pub use ganger_proto::outcome::{
    CommandEnd, Exceeded, Exit, Failure, FailureKind, NotStarted, Outcome, Panic, PoolFailure, signal_name,
};
pub use ganger_proto::policy::{Backoff, Prefetch, Restart};
pub use ganger_proto::spec::{
    Bytes, Command, EndingStep, Hosted, Output as CommandOutput, Part as StdinPart, SLOT, Stdin, Terms,
};
pub use ganger_proto::worker::{self as worker_protocol, Progress};
pub use ganger_proto::{SharedId, TaskId};

mod processors;
pub use processors::{cpu_count, cpu_numbers};

/// For the code that `#[ganger::task]` and the other macros write, and for the command `ganger`.
#[doc(hidden)]
pub mod __private {
    pub use crate::__error_text as error_text;
    pub use crate::line::{Answer, FromInput};
    pub use crate::manager::served as managed;
    pub use crate::registry::{Entry, GANGER_WORKERS, LineEntry, TASKS};
    pub use crate::task::type_id;
    pub use crate::testing::run_test;
    pub use crate::worker::invocation::{Debugged, Displayed, Invocation, NoError, Probe};
    pub use ganger_sys::before_main;
    pub use linkme;
    pub use serde;
}
