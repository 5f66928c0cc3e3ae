//! Where a listener is.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use ganger_sys::UnixName;
use serde::{Deserialize, Serialize};

use super::channel::failed;
use super::error::{ConnectionError, ErrorKind};

/// The address of a [`Listener`](super::Listener). A value like others: it can be an argument of a task.
///
/// As in Python a string is a path, and a pair of host and port is TCP:
///
/// ```
/// use ganger::connection::Address;
///
/// # fn main() -> Result<(), ganger::ConnectionError> {
/// assert_eq!(Address::try_from("/run/job.sock")?, Address::Unix("/run/job.sock".into()));
/// assert_eq!(Address::try_from("\0job")?, Address::Abstract(b"job".to_vec()));
/// assert_eq!(Address::try_from(("127.0.0.1", 6000))?.to_string(), "127.0.0.1:6000");
/// assert!(Address::try_from(r"\\.\pipe\job").unwrap_err().is_invalid_address());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Address {
    /// A socket's file. At most 107 bytes.
    Unix(PathBuf),
    /// A name without a file, which every user of the machine can connect to. At most 107 bytes.
    Abstract(Vec<u8>),
    /// A port of a machine.
    Tcp(SocketAddr),
}

impl Address {
    /// Its Unix name; none for TCP.
    pub(super) fn unix_name(&self) -> Option<UnixName<'_>> {
        match self {
            Self::Unix(path) => Some(UnixName::Path(path)),
            Self::Abstract(name) => Some(UnixName::Abstract(name)),
            Self::Tcp(_) => None,
        }
    }

    /// The error of a call that was given this address.
    pub(super) fn error(&self, what: &'static str, error: io::Error) -> ConnectionError {
        let is = |kind| error.kind() == kind;
        if is(io::ErrorKind::AddrInUse) {
            ErrorKind::AddressInUse { address: self.clone() }.into()
        } else if is(io::ErrorKind::InvalidFilename) {
            invalid(self, "it has more than 107 bytes")
        } else {
            failed(what, error)
        }
    }
}

fn invalid(address: impl fmt::Display, why: &'static str) -> ConnectionError {
    ErrorKind::InvalidAddress { address: address.to_string(), why }.into()
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => path.display().fmt(f),
            Self::Abstract(name) => write!(f, "@{}", name.escape_ascii()),
            Self::Tcp(address) => address.fmt(f),
        }
    }
}

impl TryFrom<&Path> for Address {
    type Error = ConnectionError;

    fn try_from(path: &Path) -> Result<Self, ConnectionError> {
        match path.as_os_str().as_bytes() {
            [] => Err(invalid("", "a path has one byte at least")),
            [0, name @ ..] => Ok(Self::Abstract(name.to_vec())),
            [b'\\', b'\\', ..] => Err(invalid(path.display(), "named pipes are for Windows")),
            bytes if bytes.contains(&0) => Err(invalid(path.display(), "a path has no zero byte")),
            _ => Ok(Self::Unix(path.to_owned())),
        }
    }
}

impl TryFrom<&str> for Address {
    type Error = ConnectionError;

    fn try_from(path: &str) -> Result<Self, ConnectionError> {
        Self::try_from(Path::new(path))
    }
}

/// Looks the host up, which may take its time. Of its addresses it takes one of IPv4, if there is one, as Python does.
impl TryFrom<(&str, u16)> for Address {
    type Error = ConnectionError;

    fn try_from((host, port): (&str, u16)) -> Result<Self, ConnectionError> {
        let found = (host, port).to_socket_addrs().map_err(ConnectionError::system("look the host up"))?;
        found.min_by_key(SocketAddr::is_ipv6).map(Self::Tcp).ok_or_else(|| invalid(host, "the host has no address"))
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl From<&Address> for Address {
    fn from(address: &Address) -> Self {
        address.clone()
    }
}
