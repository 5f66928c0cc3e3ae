//! How a manager shall be, before there is one.

use std::fmt;
use std::time::Duration;

use ganger_proto::codec::{self, DEFAULT_PAYLOAD_LIMIT};
use ganger_proto::fault::Fault;
use ganger_proto::spec::{Bytes, Function};

use super::error::ManagerError;
use super::launch::{Manager, Orders, Owned, await_server, secrets, serve};
use super::link::{Link, PATIENCE, Way};
use crate::connection::{Address, ConnectionError, Pipe};
use crate::process::Process;
use crate::task::{Portable, Task, lookup};
use crate::testing;

/// How a [`Manager`] shall be.
///
/// ```
/// use ganger::Exit;
/// use ganger::manager::{Manager, ManagerError};
///
/// #[ganger::task]
/// fn prepare(what: String) { assert_eq!(what, "a file, a table") }
///
/// # fn main() -> Result<(), ManagerError> {
/// ganger::init();
/// let manager = Manager::builder().name("objects").initializer(prepare, "a file, a table".to_owned()).start()?;
/// assert!(manager.list::<u8>()?.is_empty()?);
/// # Ok(()) }
/// ```
pub struct ManagerBuilder {
    address: Option<Address>,
    key: Option<Vec<u8>>,
    name: String,
    initializer: Option<(Function, Bytes)>,
    faults: Vec<Fault>,
    grace: Duration,
    patience: Duration,
    /// The first thing that was wrong; told by `start`.
    error: Option<ManagerError>,
}

impl Default for ManagerBuilder {
    fn default() -> Self {
        let (address, key, initializer, faults, error) = Default::default();
        let (name, grace, patience) = ("manager".to_owned(), Duration::from_secs(1), PATIENCE);
        Self { address, key, name, initializer, faults, grace, patience, error }
    }
}

impl ManagerBuilder {
    /// Where the server listens; else at a socket in a new directory that only this user can enter.
    ///
    /// # Errors
    /// When it is no address.
    pub fn address<A: TryInto<Address>>(mut self, address: A) -> Result<Self, ManagerError>
    where
        ConnectionError: From<A::Error>,
    {
        self.address = Some(address.try_into().map_err(ConnectionError::from)?);
        Ok(self)
    }

    /// The key that clients must know; else one that nobody can guess, which is in the proxies.
    #[must_use]
    pub fn authkey(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The process's name, in logs and in what `ps` and `top` say.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Calls `f` in the server, before any client. If it fails or panics, so does [`start`](Self::start).
    #[must_use]
    pub fn initializer<F, A, S>(mut self, _: F, args: A) -> Self
    where
        F: Task<A, S>,
        A: Portable,
    {
        let call =
            lookup::<F>().and_then(|function| Ok((function, codec::encode(&args, DEFAULT_PAYLOAD_LIMIT)?.into())));
        match call {
            Ok(call) => self.initializer = Some(call),
            Err(error) => self.error = self.error.or(Some(error.into())),
        }
        self
    }

    /// How long a call may take that has nothing to wait for: a minute as a rule. Then the server is stuck, and the call fails
    /// with [`TimedOut`](ManagerError::TimedOut); it may be done yet. Proxies take this along to other processes.
    #[must_use]
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.patience = timeout;
        self
    }

    /// How long each step of [`Manager::shutdown`] is given: 1 s as a rule.
    #[must_use]
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.grace = timeout;
        self
    }

    /// For tests: what the server shall do to itself, and exactly where: at [`Point::Request`](crate::testing::Point::Request), when it has read a
    /// call and not done it; [`Answer`](crate::testing::Point::Answer), when it has done it and not answered; and where every
    /// [process](crate::ProcessBuilder::faults) comes past. Which call that is, says [`task`](crate::testing::Fault::task), from 1.
    ///
    /// ```
    /// use ganger::manager::{Manager, ManagerError};
    /// use ganger::testing::{Fault, Point};
    ///
    /// # fn main() -> Result<(), ManagerError> {
    /// ganger::init();
    /// let manager = Manager::builder().faults([Fault::kill(Point::Answer).task(2)]).start()?;
    /// let list = manager.list::<u8>()?;
    /// assert!(matches!(list.push(&1), Err(ManagerError::Gone(_) | ManagerError::Interrupted)));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults.extend(faults);
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    /// Those of [`Manager::bind`], and the initializer's.
    pub fn start(self) -> Result<Manager, ManagerError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let (key, server) = secrets(self.key)?;
        let (hold, owner) = Pipe::duplex()?;
        let (of_process, faults) = testing::alone::of_manager(&self.name, self.faults)?;
        let (address, initializer) = (self.address, self.initializer);
        let orders = Orders { address, key: key.clone().into(), server, initializer, faults };
        let process = Process::builder().name(&self.name).faults(of_process).build(serve, (orders, owner))?;
        process.start()?;
        let begun = await_server(&hold);
        let owned = Owned { hold: Some(hold), process, grace: self.grace };
        let link = Link::to(Way { address: begun?, server, key: Some(key.into()), patience: self.patience });
        Ok(Manager { link, owned: Some(owned) })
    }

    /// Connects to a server that is there; see [`Manager::connect`]. Name, initializer and time to shut down are its own.
    ///
    /// # Errors
    /// Those of [`Manager::connect`]; when no address was told.
    pub fn connect(self) -> Result<Manager, ManagerError> {
        let nowhere = || ManagerError::System { why: "tell the address of the manager to connect to".to_owned() };
        let (address, key) = (self.address.ok_or_else(nowhere)?, self.key.unwrap_or_default());
        Ok(Manager { link: Link::connect(address, key, self.patience)?, owned: None })
    }
}

impl fmt::Debug for ManagerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagerBuilder")
            .field("address", &self.address)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
