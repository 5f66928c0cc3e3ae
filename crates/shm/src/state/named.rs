//! Shared memory that has a name: a file in `/dev/shm`, as `shm_open` makes it.
//!
//! ```text
//!  create ─ file without a name ─ its owner's lock ─ mark ─ all its pages ─ link: the name is there, and all of it
//!  owner dropped ─► unlinked
//!  owner killed  ─► the kernel drops the lock ─► marked and not locked: nobody's. Who meets it unlinks it.
//! ```
//!
//! Invariants:
//! - What has a name is whole: it has its size, its pages, its mark and its lock before it gets the name.
//! - The lock is that of an open file of its own, which no other process is given. So it ends with its owner, whoever else
//!   has the memory.
//! - Who unlinks has made sure that the name still leads to what he means.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ganger_sys::Identity;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, FallocateFlags, OFlag, fallocate};
use nix::unistd::linkat;

const DIRECTORY: &str = "/dev/shm";

/// The sticky bit, which means nothing on a file: this one has an owner whose lock is on it as long as he lives.
const OWNED: u32 = 0o1000;

/// What a file name may be long, in bytes.
const LONGEST: usize = 255;

/// A name that is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// A name, with or without the slash that some put before it.
    ///
    /// # Errors
    /// Why it is none.
    pub fn new(name: &str) -> Result<Self, &'static str> {
        let name = name.strip_prefix('/').unwrap_or(name);
        match name {
            "" => Err("it is empty"),
            "." | ".." => Err("it means a directory"),
            _ if name.len() > LONGEST => Err("it is longer than 255 bytes"),
            _ if name.contains('\0') => Err("it contains a NUL"),
            _ if name.contains('/') => Err("it contains a slash"),
            _ => Ok(Self(name.to_owned())),
        }
    }

    /// Without the slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn path(&self) -> PathBuf {
        Path::new(DIRECTORY).join(&self.0)
    }
}

/// The ownership of a name: it is taken away when this is dropped, or when this process dies.
#[derive(Debug)]
pub struct Owner {
    name: Name,
    /// Holds the lock.
    file: File,
    process: Identity,
}

impl Drop for Owner {
    fn drop(&mut self) {
        if self.process == Identity::of_this_process() {
            // Somebody may have unlinked it before.
            let _ = unlink(&self.name, &self.file);
        }
    }
}

/// Makes `len` zero bytes under a name, and takes all the memory that they need.
///
/// # Errors
/// `AlreadyExists`; `StorageFull` when `/dev/shm` has no room for them; those of open, ftruncate and fcntl.
pub fn create(name: &Name, len: u64) -> io::Result<(OwnedFd, Owner)> {
    let flags = (OFlag::O_TMPFILE | OFlag::O_CLOEXEC).bits();
    let memory = OpenOptions::new().read(true).write(true).mode(0o600).custom_flags(flags).open(DIRECTORY)?;
    let file = reopen(&memory)?;
    file.lock()?;
    allocate(&memory, len)?;
    memory.set_permissions(Permissions::from_mode(0o600 | OWNED))?;
    link(&memory, name)?;
    let owner = Owner { name: name.clone(), file, process: Identity::of_this_process() };
    Ok((memory.into(), owner))
}

/// The memory that has a name.
///
/// # Errors
/// Those of open, `NotFound` among them.
pub fn attach(name: &Name) -> io::Result<OwnedFd> {
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC).bits();
    Ok(OpenOptions::new().read(true).write(true).custom_flags(flags).open(name.path())?.into())
}

/// Takes the name away from this memory, which stays for those who have it.
///
/// # Errors
/// `NotFound` when it has this name no more.
pub fn unlink(name: &Name, memory: impl AsFd) -> io::Result<()> {
    let meant = File::from(memory.as_fd().try_clone_to_owned()?).metadata()?;
    let path = name.path();
    let found = fs::symlink_metadata(&path)?;
    if (found.dev(), found.ino()) != (meant.dev(), meant.ino()) {
        return Err(ErrorKind::NotFound.into());
    }
    fs::remove_file(path)
}

/// Takes away the names of all memory whose owners have died. Which they were.
#[must_use]
pub fn sweep() -> Vec<Name> {
    let entries = fs::read_dir(DIRECTORY).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| Name::new(entry.file_name().to_str()?).ok());
    names.filter(bury).collect()
}

/// Takes away a name whose owner has died. Whether it was one.
#[must_use]
pub fn bury(name: &Name) -> bool {
    is_marked(name) && bury_marked(name).is_ok_and(|buried| buried)
}

fn is_marked(name: &Name) -> bool {
    fs::symlink_metadata(name.path()).is_ok_and(|file| file.is_file() && file.mode() & OWNED != 0)
}

/// Who has the lock is the only one that buries it; the dead have no other use for it.
fn bury_marked(name: &Name) -> io::Result<bool> {
    let flags = (OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(name.path())?;
    if file.try_lock().is_err() || file.metadata()?.mode() & OWNED == 0 {
        return Ok(false);
    }
    unlink(name, &file).map(|()| true)
}

/// The same file, opened once more.
fn reopen(file: &File) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(descriptor(file))
}

fn link(file: &File, name: &Name) -> io::Result<()> {
    Ok(linkat(AT_FDCWD, &descriptor(file), AT_FDCWD, &name.path(), AtFlags::AT_SYMLINK_FOLLOW)?)
}

fn descriptor(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// Makes it so long, and every page of it there: what is missing must be told now, and not by a SIGBUS later.
fn allocate(file: &File, len: u64) -> io::Result<()> {
    let len = i64::try_from(len).map_err(|_| ErrorKind::FileTooLarge)?;
    loop {
        match fallocate(file, FallocateFlags::empty(), 0, len) {
            Err(Errno::EINTR) => {}
            result => return Ok(result?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(of: &str) -> Name {
        Name::new(&format!("/ganger-test-{of}-{}", std::process::id())).expect("a name")
    }

    fn kind<T: std::fmt::Debug>(result: io::Result<T>) -> ErrorKind {
        result.expect_err("it cannot be done").kind()
    }

    #[test]
    fn a_name_is_there_as_long_as_its_owner() {
        let name = name("owner");
        let (memory, owner) = create(&name, 5000).expect("room");
        assert_eq!(kind(create(&name, 1)), ErrorKind::AlreadyExists);
        let same = File::from(attach(&name).expect("it exists")).metadata().expect("a file");
        assert_eq!((same.len(), same.mode() & 0o777), (5000, 0o600));
        unlink(&name, &memory).expect("it has the name");
        assert_eq!(kind(unlink(&name, &memory)), ErrorKind::NotFound);
        let (_other, _owner) = create(&name, 1).expect("room");
        drop(owner);
        assert!(attach(&name).is_ok(), "another's name stays");
    }

    #[test]
    fn what_a_dead_owner_left_is_nobodys() {
        let name = name("dead");
        let (_memory, owner) = create(&name, 10).expect("room");
        assert!(!bury(&name) && !sweep().contains(&name), "its owner lives");
        owner.file.unlock().expect("as when it dies");
        std::mem::forget(owner);
        assert!(bury(&name) && !bury(&name));
        assert_eq!(kind(attach(&name)), ErrorKind::NotFound);
    }

    #[test]
    fn what_others_have_made_is_let_be() {
        let name = name("foreign");
        fs::write(name.path(), b"text").expect("a file");
        assert!(!bury(&name) && attach(&name).is_ok());
        assert_eq!(kind(create(&name, 10)), ErrorKind::AlreadyExists);
        let memory = attach(&name).expect("it exists");
        unlink(&name, memory).expect("it has the name");
    }

    #[test]
    fn what_has_no_room_is_refused() {
        assert_eq!(kind(create(&name("large"), 1 << 50)), ErrorKind::StorageFull);
        assert!(!name("large").path().exists());
    }

    #[test]
    fn not_everything_is_a_name() {
        for wrong in ["", "/", "..", "a\0b", "a/b", "//a", &"x".repeat(256)] {
            assert!(Name::new(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(Name::new("/a:b\nc"), Name::new("a:b\nc"));
    }
}
