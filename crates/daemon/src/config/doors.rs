//! Where clients connect, and who may.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// A door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A Unix socket that the service makes: for its user and root, or the [group](Access::group).
    Unix(PathBuf),
    /// An address: for those who have a [token](Access::token_file), and in the open, off the loopback, with
    /// [TLS](Access::tls).
    Tcp(SocketAddr),
    /// The sockets that systemd made for the service and hands over: for those whom a socket's file admits, and by the
    /// rules of [`Tcp`](Self::Tcp) where it is an address.
    Activated,
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("unix", path)) if !path.is_empty() => Ok(Self::Unix(path.into())),
            Some(("tcp", address)) => address.parse().map(Self::Tcp).map_err(|_| {
                format!("{address:?} is no address with a port, like tcp:127.0.0.1:7070 or tcp:[::1]:7070")
            }),
            _ if text == "systemd" => Ok(Self::Activated),
            _ => Err(format!(
                "{text:?} is no unix:PATH, like unix:/run/ganger.sock, no tcp:ADDRESS:PORT, like tcp:127.0.0.1:7070, \
                 and not systemd, for sockets that it made"
            )),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
            Self::Activated => f.write_str("systemd"),
        }
    }
}

/// Who may come in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Members of this group may use the Unix sockets that the service makes.
    pub group: Option<String>,
    /// Tokens, one a line as `name:token`, in a file that nobody else can read. Needed for addresses.
    pub token_file: Option<PathBuf>,
    /// Needed for addresses off the loopback.
    pub tls: Option<Tls>,
    /// By which names browsers reach the service, besides `localhost` and addresses. Another name in a request is refused:
    /// a page of the internet could have it point here.
    pub hosts: Vec<String>,
}

/// The files that the service proves with who it is: PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate, and those between it and the root.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}
