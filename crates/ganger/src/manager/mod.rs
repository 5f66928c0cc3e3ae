//! Objects in a process of their own, which others use through proxies: Python's `multiprocessing.Manager`.
//!
//! A [`Manager`] starts a server, a process; dicts, lists, queues, locks and objects of your own types live there. A proxy is
//! a handle of one of them: it travels in the arguments of tasks, in messages, and into other objects of the manager, and
//! over TCP to other machines. What is shared must be encoded for each call, so [`state`](crate::state),
//! [`sync`](crate::sync) and the queues in shared memory are faster; a manager is for what they cannot hold, and for other
//! machines.
//!
//! ```
//! use ganger::Pool;
//! use ganger::manager::{DictProxy, Manager};
//!
//! #[ganger::task]
//! fn square(results: DictProxy<u64, u64>, n: u64) {
//!     results.insert(&n, &(n * n)).unwrap();
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! ganger::init();
//! let (manager, pool) = (Manager::start()?, Pool::new(2)?);
//! let results = manager.dict()?;
//! pool.starmap(square, (0..10).map(|n| (results.clone(), n)))?;
//! assert_eq!(results.get(&7)?, Some(49));
//! # Ok(()) }
//! ```
//!
//! | Python | Ganger |
//! |---|---|
//! | `Manager()`, `SyncManager.start(initializer)` | [`Manager::start`], [`Manager::builder`] |
//! | `SyncManager(address, authkey).start()`, `.connect()` | [`Manager::bind`], [`Manager::connect`] |
//! | `manager.dict()`, `list`, `set`, `Namespace`, `Value`, `Array` | [`DictProxy`], [`ListProxy`], [`SetProxy`], [`Namespace`], [`ValueProxy`], [`ArrayProxy`] |
//! | `Queue`, `JoinableQueue` | [`QueueProxy`], [`JoinableQueueProxy`] |
//! | `Lock`, `RLock`, `Semaphore`, `BoundedSemaphore`, `Condition`, `Event`, `Barrier` | [`LockProxy`], [`RLockProxy`], [`SemaphoreProxy`], [`BoundedSemaphoreProxy`], [`ConditionProxy`], [`EventProxy`], [`BarrierProxy`] |
//! | `Pool` | [`PoolProxy`] |
//! | `BaseManager.register(typeid, callable, exposed)` | [`#[ganger::managed]`](macro@crate::managed); what is `pub` is exposed |
//! | `register('get_queue', lambda: queue)` and the like | [`Manager::publish`], [`Manager::find`] |
//! | `SharedMemoryManager` | [`Manager::shared_memory`], [`Manager::shareable_list`] |
//! | `ConnectionRefusedError`, `EOFError`, `BrokenPipeError` | [`ManagerGone`], in [`ManagerError::Gone`] |
//! | `RemoteError` | [`ManagerError::Remote`] |
//!
//! # Who waits, who dies
//! A call that waits (for an item, a lock, an event) waits in the server as a note, not as a thread: it holds up nobody, not
//! even the other threads of its own process. Calls can be sent one behind the other without waiting for each answer
//! ([`Pending`]). With a time limit, a call that comes too late takes nothing along.
//!
//! A process that dies releases what it held: its locks go to the next, who is told; its permits come back; it is counted
//! out at barriers; what it had got of a joinable queue and had not done is got by another. A server that dies takes all
//! objects along, and every call says so, now and later. It ends with the process that started it, however that ends. A
//! Ctrl-C is not for it.
//!
//! An object lives as long as it has a proxy in some process, or in another object. A proxy that goes to another process keeps
//! its object alive for ten minutes, even if its sender lets go of it. Objects in a cycle live as long as the server.
//!
//! # Security
//! Who has the key can do everything. It is shown by both sides, never sent ([`connection`](crate::connection)); a proxy
//! that is encoded for a local process has it inside, one that goes over TCP has not: there, [`Manager::connect`] comes
//! first. Nothing over TCP is encrypted.

mod protocol;

mod error;
pub use error::{ManagerError, ManagerGone};

mod launch;
pub use launch::Manager;
pub(crate) use launch::SERVE;

mod builder;
pub use builder::ManagerBuilder;

mod wire;

mod link;

mod referent;

mod encoding;

mod reception;

mod pending;
pub use pending::Pending;

mod proxy;
pub use proxy::Proxy;

mod dict;
pub use dict::DictProxy;

mod list;
pub use list::ListProxy;

mod set;
pub use set::SetProxy;

mod value;
pub use value::{ArrayProxy, Namespace, ValueProxy};

mod queue;
pub use queue::{JoinableQueueProxy, QueueProxy};

mod locks;
pub use locks::{BoundedSemaphoreProxy, ConditionProxy, Guard, LockProxy, RLockProxy, SemaphoreProxy};

mod event;
pub use event::{BarrierProxy, EventProxy};

#[doc(hidden)]
pub mod served;
pub use served::{Managed, ManagedProxy};

mod pool;
pub use pool::PoolProxy;
pub(crate) use pool::RUN;

mod create;

mod server;

#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub use server::fuzzing::clients;

/// Lets objects of a type live in a [manager](self). Above an `impl` block: what is `pub` in it can be called from
/// every process, through a type `NameProxy` that this makes.
///
/// One `pub` function without `self` makes an object. `&self` methods run beside each other, `&mut self` methods alone;
/// one that waits holds up no other. Arguments and results are owned, as those of [tasks](macro@crate::task); proxies can be among
/// them. A method that panics is an error for its caller ([`Remote`](ManagerError::Remote)), and nothing else.
///
/// ```
/// use ganger::manager::{Manager, ManagerError};
///
/// struct Tally { votes: Vec<String> }
///
/// #[ganger::managed]
/// impl Tally {
///     pub fn new() -> Self { Self { votes: Vec::new() } }
///
///     pub fn vote(&mut self, whom: String) { self.votes.push(whom) }
///
///     pub fn count(&self, whom: String) -> usize { self.of(&whom) }
///
///     fn of(&self, whom: &str) -> usize { self.votes.iter().filter(|vote| *vote == whom).count() }
/// }
///
/// fn main() -> Result<(), ManagerError> {
///     ganger::init();
///     let manager = Manager::start()?;
///     let tally = TallyProxy::new(&manager)?; // goes to tasks, too
///     tally.vote("Ada".to_owned())?;
///     tally.vote_later("Ada".to_owned())?.result()?;
///     assert_eq!(tally.count("Ada".to_owned())?, 2);
///     Ok(())
/// }
/// ```
pub use ganger_macros::managed;
