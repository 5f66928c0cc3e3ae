//! A manager, from its start to its end.

use std::fmt;
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt as _;
use std::sync::Arc;
use std::time::Duration;

use ganger_proto::codec::DEFAULT_PAYLOAD_LIMIT;
use ganger_proto::fault::Fault;
use ganger_proto::outcome::Exit;
use ganger_proto::spec::{Bytes, Function};
use ganger_sys::{ForkDetector, Signal, random, setup};
use serde::{Deserialize, Serialize};

use super::builder::ManagerBuilder;
use super::error::ManagerError;
use super::link::Link;
use super::protocol::ServerId;
use super::server::Server;
use crate::connection::{Address, Connection, ConnectionError, Listener};
use crate::process::{Process, parent_process};
use crate::registry::Entry;
use crate::task::type_id;
use crate::worker;

/// How long a server may take to begin.
const START: Duration = Duration::from_secs(60);

/// A server of objects, and the way to it: see the [module](crate::manager).
///
/// Dropping it shuts down a server that it has started; others lose their objects then. One that it has only connected to
/// goes on.
pub struct Manager {
    pub(super) link: Arc<Link>,
    pub(super) owned: Option<Owned>,
}

/// The server's process, as its owner has it.
pub(super) struct Owned {
    /// The server ends when this does. None: it was told to. It goes before the process, whose drop waits.
    pub(super) hold: Option<Connection>,
    pub(super) process: Process,
    pub(super) grace: Duration,
}

impl Manager {
    /// Starts a server that this user's processes on this machine can reach.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn start() -> Result<Self, ManagerError> {
        Self::builder().start()
    }

    /// Starts a server at an address, for those who know the key. Python: `SyncManager(address, authkey).start()`.
    ///
    /// # Errors
    /// When the process cannot be started, and when somebody listens at the address already
    /// ([`is_address_in_use`](ConnectionError::is_address_in_use)).
    pub fn bind<A: TryInto<Address>>(address: A, authkey: impl Into<Vec<u8>>) -> Result<Self, ManagerError>
    where
        ConnectionError: From<A::Error>,
    {
        Self::builder().address(address)?.authkey(authkey).start()
    }

    /// Connects to a server that another process has started, on this machine or another.
    ///
    /// # Errors
    /// [`Gone`](ManagerError::Gone) when there is none; when one side does not know the key
    /// ([`is_authentication`](ConnectionError::is_authentication)).
    ///
    /// ```
    /// use ganger::manager::{Manager, ManagerError};
    ///
    /// # fn main() -> Result<(), ManagerError> {
    /// ganger::init();
    /// let manager = Manager::bind(("127.0.0.1", 0), "sesame")?;
    /// let same = Manager::connect(manager.address(), "sesame")?;
    /// assert_eq!(same.number_of_objects()?, 0);
    /// let refused = Manager::connect(manager.address(), "open").unwrap_err();
    /// assert!(matches!(refused, ManagerError::Connection(error) if error.is_authentication()));
    /// # Ok(()) }
    /// ```
    pub fn connect<A: TryInto<Address>>(address: A, authkey: impl Into<Vec<u8>>) -> Result<Self, ManagerError>
    where
        ConnectionError: From<A::Error>,
    {
        Self::builder().address(address)?.authkey(authkey).connect()
    }

    /// To say more about it: address, key, initializer.
    #[must_use]
    pub fn builder() -> ManagerBuilder {
        ManagerBuilder::default()
    }

    /// Where its server listens.
    #[must_use]
    pub fn address(&self) -> &Address {
        self.link.address()
    }

    /// The key, for those who shall [connect](Self::connect).
    #[must_use]
    pub fn authkey(&self) -> &[u8] {
        self.link.key().unwrap_or_default()
    }

    /// The server's process, if this manager has started it.
    #[must_use]
    pub fn process(&self) -> Option<&Process> {
        self.owned.as_ref().map(|owned| &owned.process)
    }

    /// Ends the server, if this manager has started it: it is told to, after a second it is terminated, after another
    /// killed ([`ManagerBuilder::shutdown_timeout`]). Twice is no error.
    ///
    /// # Errors
    /// When the process can neither be ended nor be waited for.
    pub fn shutdown(&mut self) -> Result<(), ManagerError> {
        let Some(owned) = self.owned.as_mut().filter(|owned| !owned.has_ended()) else { return Ok(()) };
        let exit = owned.end()?;
        self.link.hang_up();
        remove_leftovers(self.link.address(), exit);
        Ok(())
    }

    pub(super) fn link(&self) -> &Arc<Link> {
        &self.link
    }
}

impl Owned {
    fn has_ended(&self) -> bool {
        self.hold.is_none() && !self.process.is_alive()
    }

    fn end(&mut self) -> Result<Exit, ManagerError> {
        self.hold = None;
        for step in [Process::terminate, Process::kill] {
            if let Some(exit) = self.process.join(Some(self.grace))? {
                return Ok(exit);
            }
            step(&self.process)?;
        }
        let exit = self.process.join(None)?;
        Ok(exit.expect("without a time limit it is waited for to its end"))
    }
}

/// A server that was killed leaves the socket's file, which it had made for itself; so does one whose user's code exits. At
/// an address that was given us, after a good end, it may be another server's already.
fn remove_leftovers(address: &Address, exit: Exit) {
    let Address::Unix(path) = address else { return };
    let may_be_anothers = exit == Exit::Code(0) && !path.parent().is_some_and(is_ours);
    let is_socket = || std::fs::symlink_metadata(path).is_ok_and(|there| there.file_type().is_socket());
    if !may_be_anothers && is_socket() && std::fs::remove_file(path).is_ok() {
        // One that was given us is not empty, or not ours to remove: then it stays.
        let _ = path.parent().filter(|parent| is_ours(parent)).map(std::fs::remove_dir);
    }
}

fn is_ours(directory: &std::path::Path) -> bool {
    directory.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ganger-"))
}

impl Drop for Manager {
    fn drop(&mut self) {
        if let Err(error) = self.shutdown() {
            log::warn!("the manager: {error}");
        }
    }
}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager").field("address", self.address()).finish_non_exhaustive()
    }
}

/// The key, unless there is one, and a number by which this server is known from others.
pub(super) fn secrets(key: Option<Vec<u8>>) -> Result<(Vec<u8>, ServerId), ManagerError> {
    let mut bytes = [0; 40];
    random::fill(&mut bytes).map_err(ConnectionError::system("get random bytes"))?;
    let (number, made) = bytes.split_at(size_of::<u64>());
    let number = number.try_into().map(u64::from_le_bytes).expect("so many were split off");
    Ok((key.unwrap_or_else(|| made.to_vec()), ServerId(number)))
}

pub(super) fn await_server(hold: &Connection) -> Result<Address, ManagerError> {
    let begun = hold.recv_timeout::<Result<Address, Failure>>(START);
    let nowhere = |error: ConnectionError| ManagerError::System { why: format!("the manager did not begin: {error}") };
    match begun.map_err(nowhere)? {
        Ok(address) => Ok(address),
        Err(Failure::InUse(address)) => Err(ConnectionError::in_use(&address).into()),
        Err(Failure::Other(why)) => Err(ManagerError::System { why }),
    }
}

/// What a server is to be.
#[derive(Serialize, Deserialize)]
pub(super) struct Orders {
    pub(super) address: Option<Address>,
    pub(super) key: Bytes,
    pub(super) server: ServerId,
    pub(super) initializer: Option<(Function, Bytes)>,
    /// What goes wrong with calls; nothing but in tests.
    pub(super) faults: Vec<Fault>,
}

/// Why a server has not begun.
#[derive(Serialize, Deserialize)]
enum Failure {
    InUse(Address),
    Other(String),
}

/// The registry's entry for [`serve`]: the library's own, as `#[ganger::task]` would write it elsewhere.
pub(crate) static SERVE: Entry = Entry {
    module: module_path!(),
    name: "serve",
    signature: "fn(Orders, Connection) -> Result<(), String>",
    id: || type_id(&serve),
    call: |invocation| invocation.call(|(orders, owner)| serve(orders, owner), |result| result.clone().err()),
    map: |invocation| invocation.map(|(orders, owner)| serve(orders, owner), |result| result.clone().err()),
};

/// The server's process: it says where it listens, and ends when its owner lets go of it, or is gone.
pub(super) fn serve(orders: Orders, owner: Connection) -> Result<(), String> {
    let text = |error: ConnectionError| error.to_string();
    let began = setup::reset_signals(&[Signal::Int, Signal::Pipe]).map_err(|e| Failure::Other(e.to_string()));
    let listener = began.and_then(|()| prepare(&orders));
    owner.send(&listener.as_ref().map(|listener| listener.address())).map_err(text)?;
    let Ok(listener) = listener else { return Ok(()) };
    let server = Server::new(orders.server, orders.key.into_vec(), listener.address().clone(), orders.faults);
    let parent = parent_process().map(AsFd::as_fd);
    let ends: Vec<_> = parent.into_iter().chain([owner.fileno().map_err(text)?]).collect();
    server.run(&listener, &ends);
    // Its file goes first: what is dropped now may be slow.
    drop(listener);
    server.close();
    Ok(())
}

fn prepare(orders: &Orders) -> Result<Listener, Failure> {
    if let Some((function, args)) = &orders.initializer {
        worker::call(*function, args, DEFAULT_PAYLOAD_LIMIT, &ForkDetector::new()).map_err(Failure::Other)?;
    }
    let builder = Listener::builder();
    let listener = match &orders.address {
        None => builder.bind_anywhere(),
        Some(address) => builder.bind(address),
    };
    listener.map_err(|error| match &orders.address {
        Some(address) if error.is_address_in_use() => Failure::InUse(address.clone()),
        _ => Failure::Other(error.to_string()),
    })
}
