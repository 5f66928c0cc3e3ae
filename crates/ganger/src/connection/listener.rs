//! Waiting for others to connect.

use std::fmt;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use ganger_sys::{Listening, random, set_backlog, wait_readable};

use super::Address;
use super::channel::Channel;
use super::end::{Connection, Direction, deadline};
use super::error::{ConnectionError, ErrorKind};
use super::handshake;
use crate::engine::lock;

/// How long a client may take for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// With what is made in it, a longer path would be above the 107 bytes that an address may have.
const LONGEST_PARENT: usize = 80;

/// Takes connections at an address: Python's `multiprocessing.connection.Listener`.
///
/// ```
/// use ganger::{Client, Listener};
/// use std::thread;
///
/// # fn main() -> Result<(), ganger::ConnectionError> {
/// let listener = Listener::builder().authkey("sesame").bind(("127.0.0.1", 0))?;
/// let address = listener.address().clone();
/// let client = thread::spawn(move || Client::new().authkey("sesame").connect(address)?.send("hello"));
/// assert_eq!(listener.accept()?.recv::<String>()?, "hello");
/// # client.join().unwrap()
/// # }
/// ```
///
/// A socket's file is removed when the listener is closed or dropped.
pub struct Listener {
    /// None once it is closed.
    socket: Option<Socket>,
    address: Address,
    key: Option<Vec<u8>>,
    handshake: Duration,
    file: Option<SocketFile>,
    last_accepted: Mutex<Option<Address>>,
}

enum Socket {
    Unix(Listening),
    Tcp(TcpListener),
}

impl Listener {
    /// Listens at `address`, without a key.
    ///
    /// # Errors
    /// When somebody does already, or a file is in the way ([`is_address_in_use`](ConnectionError::is_address_in_use));
    /// when it is no address, or none of this machine.
    pub fn bind<A: TryInto<Address>>(address: A) -> Result<Self, ConnectionError>
    where
        ConnectionError: From<A::Error>,
    {
        Self::builder().bind(address)
    }

    /// To say more about it: key, backlog, time for the handshake.
    #[must_use]
    pub fn builder() -> ListenerBuilder {
        ListenerBuilder::default()
    }

    /// The next who connects; with a key, and has shown to know it.
    ///
    /// # Errors
    /// When who came could not be authenticated in time ([`is_authentication`](ConnectionError::is_authentication)): it
    /// has been hung up on, and the listener goes on. When the listener was closed, or there are no descriptors left.
    pub fn accept(&self) -> Result<Connection, ConnectionError> {
        self.accept_until(None)
    }

    /// As [`accept`](Self::accept), waiting no longer than `timeout` for somebody to come. Who has come has time of its
    /// own for the handshake.
    ///
    /// # Errors
    /// As [`accept`](Self::accept), and [`is_timeout`](ConnectionError::is_timeout).
    pub fn accept_timeout(&self, timeout: Duration) -> Result<Connection, ConnectionError> {
        self.accept_until(deadline(timeout))
    }

    fn accept_until(&self, until: Option<Instant>) -> Result<Connection, ConnectionError> {
        let connection = self.admit(until)?;
        if let Some(key) = &self.key {
            handshake::demand(&connection, key, deadline(self.handshake))?;
        }
        Ok(connection)
    }

    /// The next who connects within that time, whoever it is: what is still to be shown of it can be shown elsewhere.
    pub(crate) fn admit_apart(&self, timeout: Duration) -> Result<Arrival, ConnectionError> {
        Ok(Arrival { connection: self.admit(deadline(timeout))?, handshake: self.handshake })
    }

    /// The next who connects, whoever it is.
    fn admit(&self, until: Option<Instant>) -> Result<Connection, ConnectionError> {
        let failed = |e| self.address.error("accept", e);
        let (channel, from) = match self.open()? {
            Socket::Unix(listening) => (Channel::packets(listening.accept(until).map_err(failed)?), None),
            Socket::Tcp(listening) => {
                let (socket, from) = accept_tcp(listening, until).map_err(failed)?;
                (Channel::tcp(socket).map_err(failed)?, Some(Address::Tcp(from)))
            }
        };
        *lock(&self.last_accepted) = from;
        Ok(Connection::new(channel, Direction::Both))
    }

    /// Where it listens: with the port that the system chose, if it was asked to.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Where the last came from that was accepted; none over Unix sockets, whose clients have no address.
    #[must_use]
    pub fn last_accepted(&self) -> Option<Address> {
        lock(&self.last_accepted).clone()
    }

    /// Takes no more connections, and removes the socket's file. Closing twice is no error.
    pub fn close(&mut self) {
        // A process that another thread is about to execute has a copy for that moment: nobody is to be taken in by it.
        if let Ok(socket) = self.fileno() {
            // A socket that listens can be stopped; if not, it is closed all the same.
            let _ = ganger_sys::stop_receiving(socket);
        }
        self.socket = None;
        self.file = None;
    }

    /// The descriptor, readable when somebody waits to be accepted.
    ///
    /// # Errors
    /// When the listener was closed.
    pub fn fileno(&self) -> Result<BorrowedFd<'_>, ConnectionError> {
        Ok(match self.open()? {
            Socket::Unix(listening) => listening.as_fd(),
            Socket::Tcp(listening) => listening.as_fd(),
        })
    }

    fn open(&self) -> Result<&Socket, ConnectionError> {
        self.socket.as_ref().ok_or_else(|| ErrorKind::Closed.into())
    }
}

/// Who has connected, and not yet shown that it knows the key.
pub(crate) struct Arrival {
    connection: Connection,
    handshake: Duration,
}

impl Arrival {
    /// Lets it show that.
    pub(crate) fn authenticate(self, key: &[u8]) -> Result<Connection, ConnectionError> {
        handshake::demand(&self.connection, key, deadline(self.handshake))?;
        Ok(self.connection)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("address", &self.address).finish_non_exhaustive()
    }
}

fn accept_tcp(listening: &TcpListener, until: Option<Instant>) -> io::Result<(std::net::TcpStream, SocketAddr)> {
    loop {
        match listening.accept() {
            Err(e) if is_passing(e.kind()) => {}
            done => return done,
        }
        let left = until.map(|d| d.saturating_duration_since(Instant::now()));
        if wait_readable([listening.as_fd()], left)? == [false] {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
}

/// Nobody has come yet, or is gone again.
fn is_passing(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted)
}

/// How a [`Listener`] shall be.
#[derive(Clone)]
pub struct ListenerBuilder {
    key: Option<Vec<u8>>,
    backlog: u16,
    handshake: Duration,
}

impl Default for ListenerBuilder {
    fn default() -> Self {
        Self { key: None, backlog: 128, handshake: HANDSHAKE }
    }
}

impl ListenerBuilder {
    /// Only who knows this key is accepted, and the listener shows that it knows it too. An empty one is a key as well.
    #[must_use]
    pub fn authkey(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// About how many may wait to be accepted: 128 as a rule. Who comes then waits until it is let in.
    #[must_use]
    pub fn backlog(mut self, backlog: u16) -> Self {
        self.backlog = backlog;
        self
    }

    /// How long who has come may take to show that it knows the key: 10 s as a rule.
    #[must_use]
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake = timeout;
        self
    }

    /// Listens at `address`.
    ///
    /// # Errors
    /// As [`Listener::bind`].
    pub fn bind<A: TryInto<Address>>(self, address: A) -> Result<Listener, ConnectionError>
    where
        ConnectionError: From<A::Error>,
    {
        self.bind_at(address.try_into()?, None)
    }

    /// Listens at a socket's file in a new directory that only this user can enter: Python's `Listener()` without an
    /// address. Both are removed with the listener.
    ///
    /// # Errors
    /// When there can be no such directory.
    pub fn bind_anywhere(self) -> Result<Listener, ConnectionError> {
        let parent = Some(std::env::temp_dir()).filter(|dir| dir.as_os_str().len() <= LONGEST_PARENT);
        let parent = parent.unwrap_or_else(|| "/tmp".into());
        let failed = ConnectionError::system("make a directory for the socket");
        let directory = random::private_directory(&parent, "ganger-").map_err(failed)?;
        let path = directory.join("listener");
        self.bind_at(Address::Unix(path), Some(directory))
    }

    fn bind_at(self, address: Address, directory: Option<PathBuf>) -> Result<Listener, ConnectionError> {
        let directory = PrivateDirectory(directory);
        let (socket, address) = listen(address, self.backlog)?;
        let file = match &address {
            Address::Unix(path) => Some(SocketFile::of(path, directory)),
            Address::Abstract(_) | Address::Tcp(_) => None,
        };
        let Self { key, handshake, .. } = self;
        Ok(Listener { socket: Some(socket), address, key, handshake, file, last_accepted: Mutex::default() })
    }
}

impl fmt::Debug for ListenerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListenerBuilder").field("backlog", &self.backlog).finish_non_exhaustive()
    }
}

/// The socket, and where it is in fact.
fn listen(address: Address, backlog: u16) -> Result<(Socket, Address), ConnectionError> {
    let failed = |e| address.error("listen", e);
    if let Address::Tcp(wanted) = address {
        let (socket, bound) = listen_tcp(wanted, backlog).map_err(failed)?;
        return Ok((Socket::Tcp(socket), Address::Tcp(bound)));
    }
    let name = address.unix_name().expect("TCP was before");
    let socket = Listening::unix(name, backlog).map_err(failed)?;
    Ok((Socket::Unix(socket), address))
}

fn listen_tcp(address: SocketAddr, backlog: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = TcpListener::bind(address)?;
    socket.set_nonblocking(true)?;
    set_backlog(socket.as_fd(), backlog)?;
    let bound = socket.local_addr()?;
    Ok((socket, bound))
}

/// A socket's file, removed unless another has taken its place.
struct SocketFile {
    path: PathBuf,
    inode: Option<u64>,
    _directory: PrivateDirectory,
}

impl SocketFile {
    fn of(path: &Path, directory: PrivateDirectory) -> Self {
        Self { path: path.to_owned(), inode: inode(path), _directory: directory }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.inode.is_some() && inode(&self.path) == self.inode {
            // Somebody may have been faster; then it is gone.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn inode(path: &Path) -> Option<u64> {
    fs::symlink_metadata(path).ok().map(|file| file.ino())
}

/// A directory that was made for the socket alone.
struct PrivateDirectory(Option<PathBuf>);

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // What others have put there is theirs, and stays.
            let _ = fs::remove_dir(path);
        }
    }
}
