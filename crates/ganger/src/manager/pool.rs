//! A pool in a manager: workers that several processes share.
//!
//! What a client wants called goes as the function's number and encoded arguments, some of them together; in a worker
//! [`run`] calls it with each.

use std::sync::RwLock;
use std::time::Duration;

use ganger_proto::codec::{self, DEFAULT_PAYLOAD_LIMIT};
use ganger_proto::message::Verdict;
use ganger_proto::outcome::{Failure, FailureKind, Panic};
use ganger_proto::spec::{Bytes, Function};
use serde::{Deserialize, Serialize};

use super::error::ManagerError;
use super::launch::Manager;
use super::pending::Pending;
use super::protocol::{Call, Spec};
use super::proxy::proxy;
use super::reception::Reception;
use super::served::{self, Exchange, Given, Managed, Refused};
use crate::Pool;
use crate::registry::{self, Entry};
use crate::task::{Portable, Task, lookup, type_id};
use crate::worker::invocation::Invocation;

/// The type's name, as the server finds it.
const NAME: &str = "ganger::Pool";

/// A mapping has no more calls under way.
const WINDOW: usize = 32;

proxy! {
    /// A [`Pool`] of a [`Manager`]: Python's `manager.Pool()`. Its workers are the server's; who has a proxy can have them
    /// call functions, and several processes share them. It has no cancelling and no options of tasks: a `Pool` has.
    ///
    /// ```
    /// use ganger::manager::{Manager, ManagerError};
    ///
    /// #[ganger::task]
    /// fn square(n: u64) -> u64 { n * n }
    ///
    /// # fn main() -> Result<(), ManagerError> {
    /// ganger::init();
    /// let manager = Manager::start()?;
    /// let pool = manager.pool(2)?;
    /// assert_eq!(pool.apply(square, 7)?, 49);
    /// assert_eq!(pool.map(square, 0..4)?, [0, 1, 4, 9]);
    /// let later = pool.submit(square, 5)?;
    /// assert_eq!(later.result()?, 25);
    /// # Ok(()) }
    /// ```
    PoolProxy<>, Pool
}

impl Manager {
    /// A pool of so many workers, which ends with its last proxy.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone), and [`Remote`](ManagerError::Remote) for a pool of none.
    pub fn pool(&self, workers: usize) -> Result<PoolProxy, ManagerError> {
        let args = super::encoding::encode(self.link(), &workers)?;
        self.create(Spec::Served { name: NAME.to_owned(), args: args.item })
    }
}

impl PoolProxy {
    /// Calls a function in a worker and waits for its result.
    ///
    /// # Errors
    /// Those of every call; [`Remote`](ManagerError::Remote) when the task panicked, or killed its worker on every attempt.
    pub fn apply<F, A, S>(&self, f: F, args: A) -> Result<F::Output, ManagerError>
    where
        F: Task<A, S>,
        A: Portable,
        F::Output: Portable,
    {
        self.submit(f, args)?.result()
    }

    /// Calls a function in a worker: its result is to be asked for. Python's `apply_async`.
    ///
    /// # Errors
    /// When the arguments cannot be encoded, or the call could not be sent.
    pub fn submit<F, A, S>(&self, _: F, args: A) -> Result<Pending<F::Output>, ManagerError>
    where
        F: Task<A, S>,
        A: Portable,
        F::Output: Portable,
    {
        let call = self.call(lookup::<F>()?, vec![encoded(&args)?])?;
        self.referent.later(call, |told| one(results(told)?))
    }

    /// Calls a function with each item: the results, in the items' order. Items go in parts, so many at a time that there
    /// are some dozens of parts. Python's `map` and, of tuples, `starmap`.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply): of the first item that has one, when all were called.
    pub fn map<F, A, S>(&self, f: F, items: impl IntoIterator<Item = A>) -> Result<Vec<F::Output>, ManagerError>
    where
        F: Task<A, S>,
        A: Portable,
        F::Output: Portable,
    {
        self.map_async(f, items)?.into_iter().map(Pending::result).collect::<Vec<_>>().into_iter().try_fold(
            Vec::new(),
            |mut all, part| {
                all.extend(part?);
                Ok(all)
            },
        )
    }

    /// As [`map`](Self::map), in parts whose results are to be asked for.
    ///
    /// # Errors
    /// Those of [`submit`](Self::submit).
    pub fn map_async<F, A, S>(
        &self,
        _: F,
        items: impl IntoIterator<Item = A>,
    ) -> Result<Vec<Pending<Vec<F::Output>>>, ManagerError>
    where
        F: Task<A, S>,
        A: Portable,
        F::Output: Portable,
    {
        let function = lookup::<F>()?;
        let items = items.into_iter().map(|item| encoded(&item)).collect::<Result<Vec<_>, _>>()?;
        let parts = items.chunks(items.len().div_ceil(WINDOW).max(1));
        parts.map(|part| self.referent.later(self.call(function, part.to_vec())?, results)).collect()
    }

    /// The results as they are asked for, in the items' order; items are taken as results are. An item that fails has its
    /// error in its place.
    pub fn imap<F, A, S, I>(&self, f: F, items: I) -> impl Iterator<Item = Result<F::Output, ManagerError>>
    where
        F: Task<A, S>,
        A: Portable,
        F::Output: Portable,
        I: IntoIterator<Item = A>,
    {
        let (mut items, mut under_way) = (items.into_iter(), std::collections::VecDeque::new());
        std::iter::from_fn(move || {
            while under_way.len() < WINDOW
                && let Some(item) = items.next()
            {
                under_way.push_back(self.submit(f, item));
            }
            Some(under_way.pop_front()?.and_then(Pending::result))
        })
    }

    /// How many workers it has.
    ///
    /// # Errors
    /// Those of every call.
    pub fn workers(&self) -> Result<usize, ManagerError> {
        self.ask("workers", &())
    }

    /// Takes no more tasks; what was submitted is done.
    ///
    /// # Errors
    /// Those of every call.
    pub fn close(&self) -> Result<(), ManagerError> {
        self.ask("close", &())
    }

    /// Ends what runs, and cancels what waits.
    ///
    /// # Errors
    /// Those of every call.
    pub fn terminate(&self) -> Result<(), ManagerError> {
        self.ask("terminate", &())
    }

    /// Waits until it has ended, for at most `timeout`; false: not yet.
    ///
    /// # Errors
    /// [`Remote`](ManagerError::Remote) when it was neither closed nor terminated, and those of every call.
    pub fn join(&self, timeout: Option<Duration>) -> Result<bool, ManagerError> {
        self.ask::<_, Result<bool, String>>("join", &timeout)?.map_err(|why| ManagerError::Remote { why })
    }

    fn call(&self, function: Function, items: Vec<Bytes>) -> Result<Call, ManagerError> {
        let args = self.referent.encode(&(function, items))?;
        Ok(Call::Method { name: "call".to_owned(), args: args.item })
    }

    fn ask<A: Serialize, R: Portable>(&self, method: &str, args: &A) -> Result<R, ManagerError> {
        let args = self.referent.encode(args)?;
        self.referent.wait(Call::Method { name: method.to_owned(), args: args.item }, None)?.present()
    }
}

/// What goes on from the server to a worker: as in a task, not as in a managed object.
fn encoded<A: Serialize>(args: &A) -> Result<Bytes, ManagerError> {
    let bytes = codec::encode(args, DEFAULT_PAYLOAD_LIMIT);
    bytes.map(Bytes::from).map_err(|error| ManagerError::NotPortable { why: error.to_string() })
}

/// What became of one item.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Told {
    Returned(Bytes),
    Failed(String),
}

/// All results of a call, or the first error.
fn results<R: Portable>(reception: Reception) -> Result<Vec<R>, ManagerError> {
    let told = reception.present::<Result<Vec<Told>, String>>()?.map_err(|why| ManagerError::Remote { why })?;
    told.into_iter().map(result).collect()
}

fn result<R: Portable>(told: Told) -> Result<R, ManagerError> {
    match told {
        Told::Returned(bytes) => codec::decode(&bytes, DEFAULT_PAYLOAD_LIMIT)
            .map_err(|error| ManagerError::NotPortable { why: error.to_string() }),
        Told::Failed(why) => Err(ManagerError::Remote { why }),
    }
}

fn one<R>(mut results: Vec<R>) -> Result<R, ManagerError> {
    results.pop().ok_or(ManagerError::Absent)
}

/// The pool, in the server.
struct Gang(Pool);

impl Gang {
    fn call(&self, function: Function, items: Vec<Bytes>) -> Result<Vec<Told>, String> {
        self.0.apply(run, (function, items)).map_err(|error| error.to_string())
    }

    fn join(&self, timeout: Option<Duration>) -> Result<bool, String> {
        match self.0.join(timeout) {
            Ok(()) => Ok(true),
            Err(error) if error.is_timeout() => Ok(false),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Managed for Gang {
    fn invoke(this: &RwLock<Self>, method: &str, exchange: &Exchange<'_>) -> Result<Given, Refused> {
        match method {
            "call" => {
                let (function, items) = exchange.args()?;
                exchange.give(&served::read(this, |gang| gang.call(function, items)))
            }
            "workers" => exchange.give(&served::read(this, |gang| gang.0.workers())),
            "close" => exchange.give(&served::read(this, |gang| gang.0.close())),
            "terminate" => exchange.give(&served::read(this, |gang| gang.0.terminate())),
            "join" => {
                let timeout = exchange.args()?;
                exchange.give(&served::read(this, |gang| gang.join(timeout)))
            }
            _ => Err(exchange.unknown::<Pool>(method)),
        }
    }
}

/// The type, for the server.
pub(super) static TYPE: served::Entry = served::Entry {
    name: || NAME,
    make: |exchange| {
        let workers: usize = exchange.args()?;
        let pool = Pool::builder().workers(workers).build().map_err(|error| exchange.failed(&error))?;
        Ok(exchange.serve(Gang(pool)))
    },
};

/// The registry's entry for [`run`].
pub(crate) static RUN: Entry = Entry {
    module: module_path!(),
    name: "run",
    signature: "fn(Function, Vec<Bytes>) -> Vec<Told>",
    id: || type_id(&run),
    call: |invocation| invocation.call(|(function, items)| run(function, items), |_| None),
    map: |invocation| invocation.map(|(function, items)| run(function, items), |_| None),
};

/// Calls a function with each item, in the worker.
fn run(function: Function, items: Vec<Bytes>) -> Vec<Told> {
    let name = registry::name_of(function);
    let Some(entry) = registry::entry(function) else {
        return vec![Told::Failed(format!("{name} is not registered in the manager's program"))];
    };
    items.iter().map(|item| call(entry, &name, item)).collect()
}

fn call(entry: &Entry, name: &str, args: &[u8]) -> Told {
    let (mut out, limit) = (Vec::new(), DEFAULT_PAYLOAD_LIMIT);
    let mut invocation = Invocation { args, out: &mut out, passed: Vec::new(), limit, host: None };
    match (entry.call)(&mut invocation) {
        Verdict::Returned => Told::Returned(out.into()),
        Verdict::Panicked => {
            let panic = codec::decode::<Panic>(&out, limit).ok();
            let (message, place) = panic.map(|panic| (panic.message, panic.location)).unwrap_or_default();
            Told::Failed(format!("{name} panicked at {}: {message}", place.unwrap_or_default()))
        }
        Verdict::Failed => match codec::decode::<Failure>(&out, limit) {
            // An error that the task returned is a value like any other.
            Ok(Failure { kind: FailureKind::Task, value: Some(value), .. }) => Told::Returned(value),
            Ok(failure) => Told::Failed(format!("{name} could not be done: {}", failure.message)),
            Err(error) => Told::Failed(error.to_string()),
        },
    }
}
