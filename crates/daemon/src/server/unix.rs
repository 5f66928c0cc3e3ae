//! A Unix socket of our own: its file, from its making to its end.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::net::UnixListener as Bound;
use std::os::unix::net::UnixStream as Knock;
use std::path::{Path, PathBuf};

use crate::error::ServeError;

/// A socket's file, which is removed with its owner.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// The file's device and number: another's of the same name is left alone.
    file: (u64, u64),
    /// It stays: systemd keeps its socket for the next service.
    stays: bool,
}

impl SocketFile {
    fn of(path: &Path) -> io::Result<Self> {
        let made = fs::metadata(path)?;
        Ok(Self { path: path.to_owned(), file: (made.dev(), made.ino()), stays: false })
    }

    pub(super) fn stay(&mut self) {
        self.stays = true;
    }
}

/// Makes the socket, for its owner alone, or for a group as well, if none was kept. One that nobody listens at any more is
/// replaced.
pub(super) fn bind(path: &Path, group: Option<u32>, kept: Option<Bound>) -> Result<(Bound, SocketFile), ServeError> {
    let failed = ServeError::socket(path);
    let listener = match kept.map_or_else(|| Bound::bind(path), Ok) {
        Err(error) if error.kind() == ErrorKind::AddrInUse && is_left_over(path) => {
            fs::remove_file(path).and_then(|()| Bound::bind(path)).map_err(&failed)?
        }
        Err(error) if error.kind() == ErrorKind::AddrInUse && is_socket(path) => return Err(ServeError::taken(path)),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            let why = "a file is there that is no socket; give another path, or remove it";
            return Err(failed(io::Error::new(ErrorKind::AlreadyExists, why)));
        }
        bound => bound.map_err(&failed)?,
    };
    let socket = SocketFile::of(path).map_err(&failed)?;
    // Whoever comes before that is looked at all the same.
    admit(path, group).map_err(&failed)?;
    Ok((listener, socket))
}

fn admit(path: &Path, group: Option<u32>) -> io::Result<()> {
    // The group first: never is the file open for another one.
    group.map_or(Ok(()), |group| chown(path, None, Some(group)))?;
    fs::set_permissions(path, fs::Permissions::from_mode(if group.is_some() { 0o660 } else { 0o600 }))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|there| (there.dev(), there.ino()) == self.file);
        if ours && !self.stays {
            // Nobody listens there any more: the next service replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn is_socket(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|there| there.file_type().is_socket())
}

fn is_left_over(path: &Path) -> bool {
    is_socket(path) && Knock::connect(path).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}
