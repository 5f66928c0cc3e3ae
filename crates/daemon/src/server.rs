//! Who may come in, and how much of it: the socket, its connections, their time.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener as Bound;
use std::os::unix::net::UnixStream as Knock;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

use crate::config::Limits;
use crate::error::ServeError;
use crate::metrics::Metrics;

/// How long nobody is accepted when there is no descriptor left.
const SHORTAGE: Duration = Duration::from_millis(100);
/// How large a request's head may be.
const HEAD: usize = 16 << 10;

/// A socket that is removed with its owner.
#[derive(Debug)]
pub(crate) struct Socket {
    listener: Option<Bound>,
    path: PathBuf,
    /// The file's device and number: another's of the same name is left alone.
    file: (u64, u64),
    /// Who may come in besides root.
    owner: u32,
}

impl Socket {
    /// Makes the socket, for its owner alone. One that nobody listens at any more is replaced.
    pub(crate) fn bind(path: &Path) -> Result<Self, ServeError> {
        let failed = ServeError::socket(path);
        let listener = match Bound::bind(path) {
            Err(error) if error.kind() == ErrorKind::AddrInUse && is_left_over(path) => {
                fs::remove_file(path).and_then(|()| Bound::bind(path)).map_err(&failed)?
            }
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(ServeError::taken(path)),
            bound => bound.map_err(&failed)?,
        };
        // Whoever comes before that is looked at all the same.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(&failed)?;
        listener.set_nonblocking(true).map_err(&failed)?;
        let made = fs::metadata(path).map_err(&failed)?;
        let file = (made.dev(), made.ino());
        Ok(Self { listener: Some(listener), path: path.to_owned(), file, owner: made.uid() })
    }

    /// Serves until it is dropped. Within a runtime.
    pub(crate) async fn serve(mut self, router: Router, limits: Limits, metrics: Metrics) -> io::Result<()> {
        let Some(listener) = self.listener.take() else { return Ok(()) };
        let listener = UnixListener::from_std(listener)?;
        let connections = Arc::new(Semaphore::new(limits.connections));
        loop {
            let Ok(permit) = Arc::clone(&connections).acquire_owned().await else { return Ok(()) };
            match listener.accept().await {
                Ok((stream, _)) if self.may_come_in(&stream) => {
                    let (visitor, connection) = (metrics.visitor(), talk(stream, router.clone(), limits));
                    tokio::spawn(async move {
                        connection.await;
                        drop((permit, visitor));
                    });
                }
                Ok(_) => {}
                Err(error) => {
                    log::warn!("a connection could not be accepted: {error}");
                    tokio::time::sleep(SHORTAGE).await;
                }
            }
        }
    }

    /// By what the kernel says of who has connected.
    fn may_come_in(&self, stream: &UnixStream) -> bool {
        let peer = stream.peer_cred();
        let known = peer.as_ref().is_ok_and(|peer| [0, self.owner].contains(&peer.uid()));
        if !known {
            log::warn!("a connection of {peer:?} was refused: only user {} and root may", self.owner);
        }
        known
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|there| (there.dev(), there.ino()) == self.file);
        if ours {
            // Nobody listens there any more: the next service replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn is_left_over(path: &Path) -> bool {
    let socket = fs::symlink_metadata(path).is_ok_and(|there| there.file_type().is_socket());
    socket && Knock::connect(path).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

/// One client, until it goes or is too slow.
async fn talk(stream: UnixStream, router: Router, limits: Limits) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head_time).max_buf_size(HEAD);
    let talked = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).await;
    if let Err(error) = talked {
        log::debug!("a connection ended: {error}");
    }
}
