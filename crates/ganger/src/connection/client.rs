//! Connecting to a listener.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use ganger_sys::connect_unix;

use super::Address;
use super::channel::Channel;
use super::end::{Connection, Direction, deadline};
use super::error::ConnectionError;
use super::handshake;

/// How long it may take to be let in.
const CONNECT: Duration = Duration::from_secs(20);

/// Connects to a [`Listener`](super::Listener): Python's `multiprocessing.connection.Client`.
///
/// ```
/// use ganger::{Client, Listener};
///
/// # fn main() -> Result<(), ganger::ConnectionError> {
/// let listener = Listener::builder().bind_anywhere()?;
/// let client = Client::new().connect(listener.address())?;
/// client.send(&1)?;
/// assert_eq!(listener.accept()?.recv::<i32>()?, 1);
///
/// let nobody = Client::new().connect("/nowhere").unwrap_err();
/// assert!(nobody.is_refused());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    key: Option<Vec<u8>>,
    timeout: Duration,
}

impl Default for Client {
    fn default() -> Self {
        Self { key: None, timeout: CONNECT }
    }
}

impl Client {
    /// Without a key.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The listener's key. It must show that it knows it too.
    #[must_use]
    pub fn authkey(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// How long it may take to be let in, handshake included: 20 s as a rule.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Connects to who listens at `address`.
    ///
    /// # Errors
    /// When nobody listens there ([`is_refused`](ConnectionError::is_refused)), one side does not know the key
    /// ([`is_authentication`](ConnectionError::is_authentication)), or the time is over.
    pub fn connect<A: TryInto<Address>>(&self, address: A) -> Result<Connection, ConnectionError>
    where
        ConnectionError: From<A::Error>,
    {
        let (address, until) = (address.try_into()?, deadline(self.timeout));
        let channel = connect(&address, until).map_err(|e| address.error("connect", e))?;
        let connection = Connection::new(channel, Direction::Both);
        if let Some(key) = &self.key {
            handshake::present(&connection, key, until)?;
        }
        Ok(connection)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

fn connect(address: &Address, until: Option<Instant>) -> io::Result<Channel> {
    match (address, address.unix_name()) {
        (Address::Tcp(address), _) => Channel::tcp(connect_tcp(*address, until)?),
        (_, Some(name)) => connect_unix(name, until).map(Channel::packets),
        (Address::Unix(_) | Address::Abstract(_), None) => Err(io::ErrorKind::InvalidInput.into()),
    }
}

fn connect_tcp(address: SocketAddr, until: Option<Instant>) -> io::Result<TcpStream> {
    let Some(until) = until else { return TcpStream::connect(address) };
    // Of no time at all std makes an error of its own.
    let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    TcpStream::connect_timeout(&address, left)
}
