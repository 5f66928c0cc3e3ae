//! Why a service does not start, or ends.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ganger_store::StoreError;

/// Why a service could not start, or had to end. Opaque.
#[derive(Debug)]
pub struct ServeError(Kind);

#[derive(Debug)]
enum Kind {
    Store(StoreError),
    Pool { queue: String, error: ganger::Error },
    Socket { path: PathBuf, error: io::Error },
    Taken(PathBuf),
    Address { address: SocketAddr, error: io::Error },
    Access(String),
    Queues(String),
    System(&'static str, io::Error),
    DriverGone,
}

impl ServeError {
    pub(crate) fn pool(queue: &str) -> impl Fn(ganger::Error) -> Self + '_ {
        |error| Self(Kind::Pool { queue: queue.to_owned(), error })
    }

    pub(crate) fn socket(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |error| Self(Kind::Socket { path: path.to_owned(), error })
    }

    pub(crate) fn taken(path: &Path) -> Self {
        Self(Kind::Taken(path.to_owned()))
    }

    pub(crate) fn address(address: SocketAddr) -> impl Fn(io::Error) -> Self {
        move |error| Self(Kind::Address { address, error })
    }

    /// Who may come in, and where: why that is not to be.
    pub(crate) fn access(why: String) -> Self {
        Self(Kind::Access(why))
    }

    pub(crate) fn queues(why: String) -> Self {
        Self(Kind::Queues(why))
    }

    pub(crate) fn system(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |error| Self(Kind::System(what, error))
    }

    pub(crate) fn driver_gone() -> Self {
        Self(Kind::DriverGone)
    }
}

impl From<StoreError> for ServeError {
    fn from(error: StoreError) -> Self {
        Self(Kind::Store(error))
    }
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Store(error) => error.fmt(f),
            Kind::Pool { queue, error } => write!(f, "the workers of queue {queue}: {error}"),
            Kind::Socket { path, error } => write!(f, "the socket {}: {error}", path.display()),
            Kind::Taken(path) => {
                write!(f, "the socket {}: another process listens there; give another path, or end it", path.display())
            }
            Kind::Address { address, error } => write!(f, "tcp:{address}: {error}"),
            Kind::Access(why) | Kind::Queues(why) => f.write_str(why),
            Kind::System(what, error) => write!(f, "{what}: {error}"),
            Kind::DriverGone => write!(f, "the thread that owns the queues has ended; its last words are in the log"),
        }
    }
}

impl std::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Kind::Store(error) => Some(error),
            Kind::Pool { error, .. } => Some(error),
            Kind::Socket { error, .. } | Kind::Address { error, .. } | Kind::System(_, error) => Some(error),
            Kind::Taken(_) | Kind::Access(_) | Kind::Queues(_) | Kind::DriverGone => None,
        }
    }
}
