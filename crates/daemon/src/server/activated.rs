//! Sockets that systemd has made and hands over. Their files are its own: they stay when the service ends, so that who
//! connects meanwhile waits for the next one.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;

use ganger_sys::handed_over;

use super::door::Door;
use super::keeper::Keeper;
use super::kept::is_kept;
use crate::error::ServeError;

/// A door for each of them.
pub(super) fn doors(keeper: &Keeper) -> Result<Vec<Door>, ServeError> {
    let failed = ServeError::system("a socket that systemd hands over");
    let given = sd_notify::listen_fds_with_names().map_err(&failed)?;
    let given: Vec<_> = given.filter(|(_, name)| !is_kept(name)).collect();
    if given.is_empty() {
        let why =
            "--listen systemd: it hands no socket over; is there a .socket unit, and was the service started by it?";
        return Err(ServeError::access(why.to_owned()));
    }
    given.into_iter().map(|(number, name)| door(handed_over(number).map_err(&failed)?, &name, keeper)).collect()
}

fn door(socket: OwnedFd, name: &str, keeper: &Keeper) -> Result<Door, ServeError> {
    let listener = UnixListener::from(socket);
    match listener.local_addr() {
        Ok(address) => {
            let path = address.as_pathname().ok_or_else(|| {
                ServeError::access(format!("the socket {name:?} has no file that says who may connect: give it a path"))
            })?;
            Door::of_unix(listener, path, None)
        }
        // It is of another family.
        Err(_) => Door::of_tcp(TcpListener::from(OwnedFd::from(listener)), keeper),
    }
}
