//! One door: whoever comes is looked at, and gets a seat.

use std::io;
use std::net::{SocketAddr, TcpListener as BoundTcp};
use std::os::unix::net::UnixListener as BoundUnix;
use std::path::Path;
use std::time::Duration;

use nix::unistd::Group;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::connection::{House, Visit, talk};
use super::gate::Entrance;
use super::guests::Guests;
use super::keeper::Keeper;
use super::kept::{self, Kept};
use super::peers::Peers;
use super::unix::{self, SocketFile};
use crate::error::ServeError;

/// How long nobody is accepted when there is no descriptor left.
const SHORTAGE: Duration = Duration::from_millis(100);

/// A socket that listens, and whom it is for.
pub(super) enum Door {
    Unix { listener: BoundUnix, peers: Peers, name: String, _file: Option<SocketFile> },
    Tcp { listener: BoundTcp, address: SocketAddr },
}

/// The same within a runtime.
enum Open {
    Unix(UnixListener, Peers),
    Tcp(TcpListener),
}

/// Who has come.
enum Guest {
    Known(UnixStream),
    Stranger(TcpStream, SocketAddr),
}

impl Door {
    /// Makes the socket if none was kept, for its user, or the members of a group as well.
    pub(super) fn unix(path: &Path, group: Option<&str>, kept: &mut Kept) -> Result<Self, ServeError> {
        let group = group.map(group_id).transpose()?;
        let (listener, mut file) = unix::bind(path, group, kept.unix(path))?;
        if kept::leave(&listener) {
            file.stay();
        }
        Self::of_unix(listener, path, Some(file))
    }

    /// A Unix socket that listens already.
    pub(super) fn of_unix(listener: BoundUnix, path: &Path, file: Option<SocketFile>) -> Result<Self, ServeError> {
        let failed = ServeError::socket(path);
        listener.set_nonblocking(true).map_err(&failed)?;
        let peers = Peers::of(path).map_err(&failed)?;
        Ok(Self::Unix { listener, peers, name: format!("unix:{}", path.display()), _file: file })
    }

    /// Listens there, if none was kept that does.
    pub(super) fn tcp(address: SocketAddr, keeper: &Keeper, kept: &mut Kept) -> Result<Self, ServeError> {
        // Before anybody can connect.
        keeper.check_address(address)?;
        let listener = kept.tcp(address).map_or_else(|| BoundTcp::bind(address), Ok);
        let listener = listener.map_err(ServeError::address(address))?;
        kept::leave(&listener);
        Self::of_tcp(listener, keeper)
    }

    /// One that listens already.
    pub(super) fn of_tcp(listener: BoundTcp, keeper: &Keeper) -> Result<Self, ServeError> {
        let address = listener.local_addr().map_err(ServeError::system("an address"))?;
        keeper.check_address(address)?;
        listener.set_nonblocking(true).map_err(ServeError::address(address))?;
        log::info!("it listens at tcp:{address}");
        Ok(Self::Tcp { listener, address })
    }

    /// Serves until it is dropped.
    pub(super) async fn serve(self, house: House) {
        let name = self.name();
        let (open, _file) = match self.open() {
            Ok(open) => open,
            Err(error) => return log::error!("{name}: {error}"),
        };
        let (guests, keeper) = (Guests::new(house.limits.connections), &house.keeper);
        loop {
            match open.accept(keeper).await {
                Ok(Some(guest)) => {
                    let (seat, entrance) = (guests.seat().await, guest.entrance(keeper));
                    let visit = Visit { house: house.clone(), seat, entrance, _counted: house.metrics.visitor() };
                    tokio::spawn(receive(guest, visit));
                }
                Ok(None) => {}
                Err(error) => {
                    keeper.refusals.tell(|| format!("{name}: a connection could not be accepted: {error}"));
                    guests.make_room();
                    tokio::time::sleep(SHORTAGE).await;
                }
            }
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Unix { name, .. } => name.clone(),
            Self::Tcp { address, .. } => format!("tcp:{address}"),
        }
    }

    fn open(self) -> io::Result<(Open, Option<SocketFile>)> {
        Ok(match self {
            Self::Unix { listener, peers, _file: file, .. } => {
                (Open::Unix(UnixListener::from_std(listener)?, peers), file)
            }
            Self::Tcp { listener, .. } => (Open::Tcp(TcpListener::from_std(listener)?), None),
        })
    }
}

impl Open {
    /// The next who comes; none if they may not come in.
    async fn accept(&self, keeper: &Keeper) -> io::Result<Option<Guest>> {
        match self {
            Self::Unix(listener, peers) => {
                let (stream, _) = listener.accept().await?;
                Ok(match peers.admit(&stream) {
                    Ok(()) => Some(Guest::Known(stream)),
                    Err(who) => {
                        keeper
                            .refusals
                            .tell(|| format!("a connection of {who} was refused: it may not use the socket"));
                        None
                    }
                })
            }
            Self::Tcp(listener) => {
                let (stream, from) = listener.accept().await?;
                // An answer is one piece: it waits for nothing.
                stream.set_nodelay(true)?;
                Ok(Some(Guest::Stranger(stream, from)))
            }
        }
    }
}

impl Guest {
    fn entrance(&self, keeper: &Keeper) -> Entrance {
        match self {
            Self::Known(_) => Entrance::Known,
            Self::Stranger(_, from) => Entrance::Stranger { from: *from, encrypted: keeper.acceptor().is_some() },
        }
    }
}

async fn receive(guest: Guest, visit: Visit) {
    match (guest, visit.house.keeper.acceptor()) {
        (Guest::Known(stream), _) => talk(stream, visit).await,
        (Guest::Stranger(stream, _), None) => talk(stream, visit).await,
        (Guest::Stranger(stream, from), Some(acceptor)) => {
            let shaken = tokio::select! {
                shaken = tokio::time::timeout(visit.house.limits.head_time, acceptor.accept(stream)) => shaken,
                () = visit.seat.is_wanted() => return,
            };
            match shaken {
                Ok(Ok(stream)) => talk(stream, visit).await,
                Ok(Err(error)) => visit.house.keeper.refusals.tell(|| format!("{from}: no TLS: {error}")),
                Err(_) => visit.house.keeper.refusals.tell(|| format!("{from}: no TLS in time")),
            }
        }
    }
}

pub(super) fn group_id(name: &str) -> Result<u32, ServeError> {
    let found = Group::from_name(name).map_err(|error| ServeError::access(format!("group {name:?}: {error}")))?;
    let group =
        found.ok_or_else(|| ServeError::access(format!("there is no group {name:?}: make it, or give another")));
    group.map(|group| group.gid.as_raw())
}
