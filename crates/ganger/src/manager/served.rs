//! Types of the user's, whose objects live in the server.
//!
//! `#[ganger::managed]` puts an [`Entry`] for the type into a slice that the linker gathers, as tasks are; the server, which
//! is the same program, finds the type there by its name.

use std::any::{Any, type_name};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::encoding::{self, Encoding};
use super::error::ManagerError;
use super::launch::Manager;
use super::link::{Link, Patience};
use super::pending::Pending;
use super::pool;
use super::protocol::{Call, Item, Refusal, SERVER, ServerCall, Spec};
use super::proxy::proxy;
use super::reception::Reception;
use crate::worker::panic;

/// All types that there are.
#[linkme::distributed_slice]
pub static TYPES: [Entry];

/// One type. Made by `#[ganger::managed]`.
#[derive(Debug)]
pub struct Entry {
    /// Its name, with its module.
    pub name: fn() -> &'static str,
    /// Makes one of arguments.
    pub make: fn(&Exchange<'_>) -> Result<Arc<dyn Served>, Refused>,
}

/// A type whose objects a manager can have. `#[ganger::managed]` implements it.
///
/// ```
/// use ganger::manager::Manager;
///
/// struct Counter { count: u64 }
///
/// #[ganger::managed]
/// impl Counter {
///     pub fn new(count: u64) -> Self { Self { count } }
///     pub fn next(&mut self) -> u64 { self.count += 1; self.count }
/// }
///
/// # fn main() -> Result<(), ganger::manager::ManagerError> {
/// ganger::init();
/// let manager = Manager::start()?;
/// let counter = CounterProxy::new(&manager, 6)?;
/// assert_eq!(counter.next()?, 7);
/// # Ok(()) }
/// ```
pub trait Managed: Send + Sync + Sized + 'static {
    /// Calls a method by its name.
    ///
    /// # Errors
    /// When there is no such method, or a value could not be encoded or decoded.
    #[doc(hidden)]
    fn invoke(this: &RwLock<Self>, method: &str, exchange: &Exchange<'_>) -> Result<Given, Refused>;
}

/// An object of a user's type, whatever type that is.
#[doc(hidden)]
pub trait Served: Any + Send + Sync {
    /// Calls a method by its name.
    ///
    /// # Errors
    /// Those of [`Managed::invoke`].
    fn invoke(&self, method: &str, exchange: &Exchange<'_>) -> Result<Given, Refused>;
}

/// `&self` methods run beside each other, `&mut self` methods alone.
impl<T: Managed> Served for RwLock<T> {
    fn invoke(&self, method: &str, exchange: &Exchange<'_>) -> Result<Given, Refused> {
        T::invoke(self, method, exchange)
    }
}

proxy! {
    /// A proxy of an object of a user's type. `#[ganger::managed]` makes one with the type's own methods, `NameProxy`, which
    /// is one of these inside.
    ManagedProxy<T>, Served
}

impl<T: Managed> ManagedProxy<T> {
    /// Makes an object in the manager, of its constructor's arguments.
    ///
    /// # Errors
    /// Those of every call; [`WrongType`](ManagerError::WrongType) when the server's program does not know the type,
    /// [`Remote`](ManagerError::Remote) when the constructor panics.
    #[doc(hidden)]
    pub fn make<A: Serialize>(manager: &Manager, args: &A) -> Result<Self, ManagerError> {
        let args = encoding::encode(manager.link(), args)?;
        manager.create(Spec::Served { name: type_name::<T>().to_owned(), args: args.item.clone() })
    }

    /// Calls a method by its name: for those who know no more than that. Its arguments are one value, or a tuple of
    /// several; what its result is, the caller must know.
    ///
    /// # Errors
    /// Those of every call; [`Remote`](ManagerError::Remote) when it panics, or is not `pub`.
    pub fn call<A: Serialize, R: DeserializeOwned>(&self, method: &str, args: &A) -> Result<R, ManagerError> {
        let args = self.referent.encode(args)?;
        let call = Call::Method { name: method.to_owned(), args: args.item.clone() };
        self.referent.wait(call, None)?.present()
    }

    /// As [`call`](Self::call), without waiting for the result.
    ///
    /// # Errors
    /// When the call could not be sent.
    pub fn call_later<A: Serialize, R: DeserializeOwned>(
        &self,
        method: &str,
        args: &A,
    ) -> Result<Pending<R>, ManagerError> {
        let args = self.referent.encode(args)?;
        let call = Call::Method { name: method.to_owned(), args: args.item.clone() };
        self.referent.later(call, Reception::present)
    }
}

/// Why a method has no result.
#[doc(hidden)]
pub struct Refused(Refusal);

/// A result, encoded.
#[doc(hidden)]
pub struct Given(Encoding);

/// The arguments of a call, and what its result is encoded for.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Exchange<'a> {
    link: &'a Arc<Link>,
    args: &'a Item,
}

impl Exchange<'_> {
    /// The arguments.
    ///
    /// # Errors
    /// When they are others.
    pub fn args<A: DeserializeOwned>(&self) -> Result<A, Refused> {
        let args = encoding::decode(self.link, &self.args.bytes).map_err(refused)?;
        if !self.args.refs.is_empty() {
            // The server has taken note of each proxy when this is answered: it was told of them before.
            self.link.ask(SERVER, Call::Server(ServerCall::Count), Patience::Soon).map_err(refused)?;
        }
        Ok(args)
    }

    /// The result.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn give<R: Serialize>(&self, result: &R) -> Result<Given, Refused> {
        encoding::encode(self.link, result).map(Given).map_err(refused)
    }

    /// A constructor has failed.
    #[must_use]
    pub(super) fn failed(&self, error: &dyn std::error::Error) -> Refused {
        Refused(Refusal::Remote { why: error.to_string() })
    }

    /// There is no such method.
    #[must_use]
    pub fn unknown<T>(&self, method: &str) -> Refused {
        Refused(Refusal::Remote { why: format!("{} has no method {method} for others", type_name::<T>()) })
    }

    /// A new object.
    #[must_use]
    pub fn serve<T: Managed>(&self, object: T) -> Arc<dyn Served> {
        Arc::new(RwLock::new(object))
    }
}

/// For a `&self` method. A method that has panicked may have left the object half changed, as in Python.
#[doc(hidden)]
pub fn read<T, R>(this: &RwLock<T>, method: impl FnOnce(&T) -> R) -> R {
    method(&this.read().unwrap_or_else(PoisonError::into_inner))
}

/// For a `&mut self` method.
#[doc(hidden)]
pub fn write<T, R>(this: &RwLock<T>, method: impl FnOnce(&mut T) -> R) -> R {
    method(&mut this.write().unwrap_or_else(PoisonError::into_inner))
}

fn refused(error: ManagerError) -> Refused {
    Refused(Refusal::Remote { why: error.to_string() })
}

/// A new object, or why there is none.
pub(super) type Made = Result<Arc<dyn Served>, Refusal>;

pub(super) fn make(name: &str, link: &Arc<Link>, args: &Item) -> Made {
    let unknown = || Refusal::Misfit(format!("{name} is not registered in the manager's program"));
    let entry = TYPES.iter().chain([&pool::TYPE]).find(|entry| (entry.name)() == name).ok_or_else(unknown)?;
    guarded(|| (entry.make)(&Exchange { link, args }))
}

pub(super) fn invoke(served: &dyn Served, method: &str, link: &Arc<Link>, args: &Item) -> Result<Encoding, Refusal> {
    guarded(|| served.invoke(method, &Exchange { link, args })).map(|given| given.0)
}

fn guarded<R>(call: impl FnOnce() -> Result<R, Refused>) -> Result<R, Refusal> {
    panic::keep_in_this_thread();
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|refused| refused.0),
        Err(payload) => {
            let panic = panic::describe(&*payload);
            let place = panic.location.unwrap_or_default();
            Err(Refusal::Remote { why: format!("a method panicked at {place}: {}", panic.message) })
        }
    }
}
