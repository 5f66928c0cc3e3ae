//! From Python's `multiprocessing` and `concurrent.futures` to Ganger, item by item: what changed, and why.
//!
//! The words are Python's wherever Rust's rules allow. Every wait has a form with a time limit, and every failure is a value
//! of a type with questions, so nothing is caught by its text.
//!
//! # The beginning of a program
//! ```text
//! def square(n): return n * n              #[ganger::task]
//!                                          fn square(n: u64) -> u64 { n * n }
//!
//! if __name__ == "__main__":               fn main() -> Result<(), ganger::Error> {
//!     freeze_support()                         ganger::init();
//!     with Pool(4) as pool:                    let pool = Pool::new(4)?;
//!         print(pool.map(square, range(9)))    println!("{:?}", pool.map(square, 0..9)?);
//! ```
//! - **[`init`](crate::init) first in `main`.** In a worker it never returns. Python imports the main module again and hopes for
//!   the guard; a worker that never called `init` is refused with a sentence here, instead of starting workers of its own.
//! - **Functions are registered where they are written.** Python pickles a function by its name and finds out in the worker
//!   that it was a lambda. Here the compiler refuses what cannot cross, and only a number crosses.
//! - **Values are typed, and encoded by serde.** There is no pickle, so nothing that comes over a wire is ever run.
//!
//! # Starting workers
//! `fork` copies the locks that other threads hold and hangs in them; `spawn` costs an interpreter and 25 MB a worker;
//! `forkserver` is right and slow. The default here is a [zygote](crate::StartMethod::Zygote): this program, executed once, with
//! one thread, from which workers are forked in a third of a millisecond. It is what Python's default became in 3.14, without
//! the imports. [`PoolBuilder::preload`](crate::PoolBuilder::preload) is `set_forkserver_preload`, with an argument.
//!
//! # `Pool`
//! ```
//! use ganger::{Error, Pool, TaskOptions};
//! use std::time::Duration;
//!
//! #[ganger::task]
//! fn inverse(n: i64) -> i64 { 1_000 / n }
//! #[ganger::task]
//! fn area(width: u32, height: u32) -> u32 { width * height }
//!
//! # fn main() -> Result<(), Error> {
//! ganger::init();
//! let pool = Pool::builder().workers(2).max_tasks_per_worker(1000, 100).build()?; // Pool(2, maxtasksperchild=1000)
//! assert_eq!(pool.apply(inverse, 8)?, 125);                           // pool.apply(inverse, (8,))
//! assert_eq!(pool.map(inverse, [1, 10])?, [1000, 100]);               // pool.map(inverse, [1, 10])
//! assert_eq!(pool.starmap(area, [(2, 3), (4, 5)])?, [6, 20]);         // pool.starmap(area, ...)
//! let future = pool.apply_async(inverse, 5)?;                         // pool.apply_async(inverse, (5,))
//! assert_eq!(future.result_timeout(Duration::from_secs(60))?, 200);   // .get(timeout=60)
//! assert_eq!(pool.imap(inverse, 1..)?.take(2).count(), 2);            // itertools.count(1): endless, and it ends
//! let error = pool.apply(inverse, 0).unwrap_err();                    // raises ZeroDivisionError
//! assert!(error.task().is_some_and(|task| task.panic().is_some()));
//! let quick = TaskOptions::new().timeout(Duration::from_secs(30));    // Python has no time limit for a task
//! assert_eq!(pool.submit_with(&quick, inverse, 2)?.result()?, 500);
//! pool.close();
//! pool.join(Some(Duration::from_secs(60)))?;                          // join() with a time limit
//! # Ok(()) }
//! ```
//! - **A worker that is killed costs one attempt of one task.** Python's pool waits for its result for ever;
//!   `ProcessPoolExecutor` gives up everything with `BrokenProcessPool`. The task is tried again here (three times by default),
//!   then told as crashed, with the signal or exit code of each attempt. No other task hears of it.
//! - **`imap` takes items as results are taken**, so that endless or huge inputs need no memory. Python's takes all at once.
//! - **Chunks find their size.** `chunksize` is there ([`Mapping::chunk_size`](crate::Mapping::chunk_size)), and not needed. An
//!   item that kills its worker does not take the others of its chunk along.
//! - **`cancel` also ends what runs.** Python's only takes back what waits. So does a time limit.
//! - **An initializer that fails, fails the pool** after three in a row, with its error. Python starts workers for ever.
//! - **Dropping the pool terminates it**, as leaving `with Pool()` does; dropping an executor waits, as leaving `with
//!   ProcessPoolExecutor()` does.
//! - **Callbacks** ([`add_done_callback`](crate::Future::add_done_callback)) have a thread; one that blocks or panics holds up
//!   nothing, where Python's result thread stops for good.
//!
//! # Executors and futures
//! [`ProcessPoolExecutor`](crate::ProcessPoolExecutor), [`ThreadPoolExecutor`](crate::ThreadPoolExecutor) and
//! [`InlineExecutor`](crate::InlineExecutor) stand behind one trait, [`Executor`](crate::Executor); so does
//! `ganger_client::ServiceExecutor`, whose queue is a service's.
//! [`Future::result`](crate::Future::result), `exception`, `cancel`, `done`, [`wait`](crate::wait()) and
//! [`as_completed`](crate::as_completed) are Python's. A future is a `std::future::Future` as well.
//!
//! ```
//! use ganger::{Executor, ProcessPoolExecutor, Wait, Waiting, as_completed};
//!
//! #[ganger::task]
//! fn twice(n: u32) -> u32 { 2 * n }
//!
//! # fn main() -> Result<(), ganger::Error> {
//! ganger::init();
//! let executor = ProcessPoolExecutor::new(2)?;
//! let futures: Result<Vec<_>, _> = (1..=3).map(|n| executor.submit(twice, n)).collect();
//! let sum: u32 = as_completed(futures?).map(|future| future.result().expect("it only doubles")).sum();
//! assert_eq!(sum, 12);
//! executor.shutdown(Wait::ForAll, Waiting::Run);
//! # Ok(()) }
//! ```
//!
//! # `Process`
//! ```
//! use ganger::{Exit, Process};
//! use std::time::Duration;
//!
//! #[ganger::task]
//! fn leave(code: i32) { std::process::exit(code) }
//!
//! # fn main() -> Result<(), ganger::Error> {
//! ganger::init();
//! let process = Process::new(leave, 3)?;                              // Process(target=leave, args=(3,))
//! process.start()?;
//! assert_eq!(process.join(Some(Duration::from_secs(60)))?, Some(Exit::Code(3)));
//! process.close()?;
//! # Ok(()) }
//! ```
//! - `exitcode` is an [`Exit`](crate::Exit): a code, or a signal, or out of memory; not a number with a sign.
//! - A panic gives 101, a task's own error 1, both with the text on standard error, once.
//! - The sentinel is a descriptor (`AsFd`), and goes into [`connection::wait`](crate::connection::wait) beside pipes.
//! - [`Process::builder`](crate::Process::builder) chooses the start method and the program. On threads runs all of it with
//!   `use ganger::dummy as mp;` in place of `use ganger as mp;`: see [`dummy`](crate::dummy).
//! - No thread of ours keeps a process from ending, so there is no "join before you drain" to be remembered.
//!
//! # Pipes
//! ```
//! use ganger::{Pipe, Pool, connection::Connection};
//!
//! #[ganger::task]
//! fn answer(pipe: Connection) -> Result<(), String> {
//!     let n: u32 = pipe.recv().map_err(|e| e.to_string())?;
//!     pipe.send(&(n + 1)).map_err(|e| e.to_string())
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! ganger::init();
//! let (pool, (ours, theirs)) = (Pool::new(1)?, Pipe::duplex()?);      // Pipe()
//! let answering = pool.submit(answer, theirs)?;
//! ours.send(&41u32)?;
//! assert_eq!(ours.recv::<u32>()?, 42);
//! answering.result()?.expect("both ends are there");
//! # Ok(()) }
//! ```
//! A message is a packet: whole or not there, also when two send at a time or one is killed in the middle. Python's is a
//! stream, which either tears.
//!
//! # Queues
//! ```
//! use ganger::{JoinableQueue, Pool};
//!
//! #[ganger::task]
//! fn work(jobs: JoinableQueue<u32>) {
//!     while let Ok(_job) = jobs.get() {                               // for job in iter(jobs.get, None):
//!         jobs.task_done().expect("one is in hand");
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! ganger::init();
//! let (pool, jobs) = (Pool::new(2)?, JoinableQueue::new(0)?);
//! let workers = [pool.submit(work, jobs.clone())?, pool.submit(work, jobs.clone())?];
//! (0..100).try_for_each(|job| jobs.put(&job))?;
//! jobs.join()?;
//! jobs.close()?;                                                      // instead of a None for each worker
//! workers.into_iter().try_for_each(|worker| worker.result())?;
//! # Ok(()) }
//! ```
//! - An item is in the queue when `put` returns, and what is wrong with it is told there; Python's feeder thread prints it.
//! - `close` ends all who get. So does the end of the last [`Producer`](crate::Producer), also when it was killed: who gets
//!   from Python's queue then waits for ever.
//! - A worker that dies with a job not done gives it back; Python's `join` would wait for it for ever.
//! - A queue without a bound holds 256 MiB; [`with_room`](crate::Queue::with_room) makes it more.
//!
//! # Locks and their relatives
//! ```
//! use ganger::{Pool, state::RawValue, sync::Lock};
//!
//! #[ganger::task]
//! fn deposit(lock: Lock, balance: RawValue<i64>, times: u32) {
//!     for _ in 0..times {
//!         let _guard = lock.lock().expect("nobody dies here");        // with lock:
//!         balance.set(balance.get() + 1);
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! ganger::init();
//! let (pool, lock, balance) = (Pool::new(2)?, Lock::new()?, RawValue::new(0)?);
//! pool.starmap(deposit, (0..4).map(|_| (lock.clone(), balance.clone(), 100)))?;
//! assert_eq!(balance.get(), 400);
//! # Ok(()) }
//! ```
//! - A lone number needs no lock of its own beside it: [`Value`](crate::state::Value) has one, and `value.update(|n| n + 1)`.
//! - They go to a worker as arguments of a task. Python's go by inheritance only ("should only be shared between processes
//!   through inheritance"), hence its initializers with globals.
//! - A holder that was killed does not keep the lock: the next has it, and is told. Python's stays locked for ever.
//! - An uncontended lock costs 10 ns, and no system call.
//!
//! # Shared memory
//! [`SharedMemory`](crate::state::SharedMemory) reserves its room when it is made: too small a `/dev/shm` is an error there, not
//! a SIGBUS later. Memory ends with the last who has it, and a name with its owner, also when that is killed. There is no
//! resource tracker that destroys what others still use.
//!
//! # Logging
//! [`log_to_stderr`](crate::log_to_stderr) is Python's, and a worker's own records arrive in the supervisor's logger without a
//! queue and a listener that the program has to write.
//!
//! # All the words
//! | Python | Ganger |
//! |---|---|
//! | `Process(target, args, name, daemon)` | [`Process::new`](crate::Process::new), `named`, `set_daemon`; dropping it joins |
//! | `Process.exitcode` | [`Process::exit_status`](crate::Process::exit_status), an [`Exit`](crate::Exit): a code, a signal, out of memory |
//! | `current_process`, `parent_process`, `active_children` | [`current_process`](crate::current_process), [`parent_process`](crate::parent_process), [`active_children`](crate::active_children) |
//! | `Pool(n, initializer, initargs, maxtasksperchild)` | [`Pool::builder`](crate::Pool::builder) with `workers`, `initializer`, `max_tasks_per_worker` |
//! | `Pool.apply`, `apply_async` | [`Pool::apply`](crate::Pool::apply), [`Pool::submit`](crate::Pool::submit) (or `apply_async`) |
//! | `Pool.map`, `starmap`, `imap`, `imap_unordered` | [`Pool::map`](crate::Pool::map), `starmap`, `imap`, `imap_unordered` |
//! | `chunksize=` | found out while it runs; or [`Mapping::chunk_size`](crate::Mapping::chunk_size) |
//! | `callback=`, `error_callback=` | [`Future::add_done_callback`](crate::Future::add_done_callback) |
//! | `AsyncResult.get(timeout)`, `ready`, `wait` | [`Future::result`](crate::Future::result), `result_timeout`, `done`, [`wait()`](crate::wait()) |
//! | `Pool.close`, `terminate`, `join` | the same; `join` has a time limit |
//! | `get_context`, `set_start_method` | [`PoolBuilder::start_method`](crate::PoolBuilder::start_method), [`ProcessBuilder::start_method`](crate::ProcessBuilder::start_method) |
//! | forkserver, `set_forkserver_preload` | `StartMethod::Zygote`, [`PoolBuilder::preload`](crate::PoolBuilder::preload) |
//! | `set_executable`, `freeze_support` | [`PoolBuilder::worker_program`](crate::PoolBuilder::worker_program), [`init`](crate::init) |
//! | `ThreadPool`, `ThreadPoolExecutor`, `multiprocessing.dummy` | `StartMethod::Thread`, [`ThreadPoolExecutor`](crate::ThreadPoolExecutor), [`dummy`](crate::dummy) |
//! | `ProcessPoolExecutor(max_workers, mp_context, …)` | [`ProcessPoolExecutor::new`](crate::ProcessPoolExecutor::new), `with` a builder |
//! | `Executor.submit`, `map(timeout, buffersize)` | [`Executor::submit`](crate::Executor::submit), [`Executor::map`](crate::Executor::map) with [`Mapping::timeout`](crate::Mapping::timeout), [`Mapping::buffer_size`](crate::Mapping::buffer_size) |
//! | `shutdown(wait, cancel_futures)` | [`Executor::shutdown`](crate::Executor::shutdown) with [`Wait`](crate::Wait) and [`Waiting`](crate::Waiting) |
//! | `Future.result`, `exception`, `cancel`, `done`, `running` | the same; `cancel` also ends a task that runs |
//! | `wait`, `as_completed` | [`wait()`](crate::wait()), [`as_completed`](crate::as_completed) |
//! | `log_to_stderr(level)`, `get_logger()` | [`log_to_stderr`](crate::log_to_stderr); `log::logger()` |
//! | `multiprocessing.reduction.DupFd`, `send_handle` | [`Descriptor`](crate::Descriptor) |
//! | `Pipe`, `Connection`, `Listener`, `Client`, `connection.wait` | the same, in [`connection`](crate::connection) |
//! | `SimpleQueue` | [`SimpleQueue`](crate::SimpleQueue) |
//! | `Queue`, `JoinableQueue` | [`Queue`](crate::Queue), [`JoinableQueue`](crate::JoinableQueue); `put_nowait` is `try_put`; `close` ends all who get; no thread, so no `join_thread` |
//! | `Lock`, `RLock`, `Semaphore`, `BoundedSemaphore`, `Condition`, `Event`, `Barrier` | the same, in [`sync`](crate::sync); a dead holder's lock goes to the next, who is told |
//! | `Value`, `Array`, `RawValue`, `RawArray` | the same, in [`state`](crate::state); typed by what they hold; `value.get_lock()` is [`lock`](crate::state::Synchronized::lock) |
//! | `shared_memory.SharedMemory` | [`state::SharedMemory`](crate::state::SharedMemory): `new`, or `create` with a name and `attach`; the owner's last handle unlinks |
//! | `ShareableList` | [`state::ShareableList`](crate::state::ShareableList) of [`state::Item`](crate::state::Item)s; a slot changes whole or not at all |
//! | `Manager`, `SyncManager`, `BaseManager.register` | [`manager::Manager`](crate::manager::Manager), [`managed`](macro@crate::managed); a dead client's locks come free |
//! | `SharedMemoryManager`, `resource_tracker` | seldom needed: memory ends with who has it, a name with its owner |
//! | `BrokenProcessPool` | does not exist: the task alone fails, with [`TaskError::crashes`](crate::TaskError::crashes) |
//! | `TimeoutError`, `CancelledError` | [`Error::is_timeout`](crate::Error::is_timeout), [`TaskError::is_cancelled`](crate::TaskError::is_cancelled) |
//!
//! # What there is none of
//! | Python | why not |
//! |---|---|
//! | `BrokenProcessPool` | only the task whose worker died has something to tell |
//! | `cancel_join_thread`, `join_thread` | there is no feeder thread |
//! | `resource_tracker`, `SharedMemoryManager` | the kernel keeps count |
//! | `set_start_method` for the whole program | it is a pool's or a process's own choice; two libraries in one program need not agree |
//! | `RemoteTraceback`, `MaybeEncodingError` | the panic's place and backtrace are in the error; what cannot be encoded is an error of the task |
//! | `Pool(context=…)`, `get_context` | the start method is an argument |
