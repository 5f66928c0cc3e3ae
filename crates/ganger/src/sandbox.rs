//! What a pool's workers are kept from: the option, and what it comes to here.
//!
//! | who | goes in | why there |
//! |---|---|---|
//! | a worker that calls functions | before its initializer; after the zygote's preloads | only the thread that asks is kept, so there must be no other yet; what is trusted and needs more is a preload |
//! | a command, a program that is kept | between fork and exec | its worker, which runs no code but ours, opens its input and its control group for it, and is out of its reach |

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use ganger_proto::spec::Role;
use ganger_proto::{Network, Sandbox};
use ganger_sys::{Confinement, Files, Sockets, Walls};

use crate::builder::PoolBuilder;
use crate::error::{Error, ErrorKind};

impl<P> PoolBuilder<P> {
    /// Keeps the workers, and all that they start, from files, sockets and other processes: see [`Sandbox`]. What they are
    /// refused fails as if this user had no right to it: with EACCES where it is a file, with EPERM where it is a socket or a
    /// process; only a program of another machine's instructions (i386) dies of it, by SIGSYS.
    ///
    /// A worker goes in before its initializer; preloads of a zygote run outside, those of [`Spawn`](crate::StartMethod::Spawn)
    /// inside. A pool of its own that a worker makes needs Unix sockets, and a place for them (`TMPDIR`). Its pool itself is not kept from anything, and threads of this process cannot be.
    ///
    /// ```
    /// use ganger::{Pool, Sandbox};
    ///
    /// #[ganger::task]
    /// fn reads_passwords() -> bool { std::fs::read("/etc/passwd").is_ok() }
    ///
    /// # fn main() -> Result<(), ganger::Error> {
    /// # ganger::init();
    /// let out = std::env::temp_dir();
    /// let sandbox = Sandbox::new().read("/usr").write(&out).best_effort();
    /// let pool = Pool::builder().workers(1).sandbox(sandbox).build()?;
    /// # if std::fs::read_to_string("/proc/sys/kernel/osrelease").is_ok_and(|v| v.starts_with("6.18")) {
    /// assert!(!pool.apply(reads_passwords, ())?);
    /// # }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn sandbox(mut self, sandbox: Sandbox) -> Self {
        self.sandbox = Some(sandbox);
        self
    }
}

/// The system's programs, libraries and what they read.
const SYSTEM: &[&str] =
    &["/bin", "/etc", "/gnu/store", "/lib", "/lib32", "/lib64", "/nix/store", "/sbin", "/sys", "/usr"];

/// What hardly a program does without. Of `/proc`, the kernel keeps what is behind these walls from reading what is outside.
const READ_BY_ALL: &[&str] = &["/proc"];
const WRITTEN_BY_ALL: &[&str] = &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"];

/// The sandbox as workers are told it, and whether it can be had: looked at before there is any.
pub(crate) fn settled(sandbox: Sandbox, on_threads: bool) -> Result<Sandbox, Error> {
    if on_threads {
        let why = "threads of this process cannot be kept from what it may do: Zygote or Spawn";
        return Err(Error::new(ErrorKind::Invalid { what: "sandbox", why }));
    }
    let failed = |error| Error::system("make the sandbox")(error);
    let sandbox = sandbox.with_paths(|path| std::path::absolute(path_of(path))).map_err(failed)?;
    if let Some(lacking) = Confinement::lacks().filter(|_| sandbox.is_best_effort()) {
        log::warn!("sandbox: {lacking}");
    }
    confinement(&sandbox).map_err(failed)?;
    Ok(sandbox)
}

/// Ready to go in.
pub(crate) fn confinement(sandbox: &Sandbox) -> io::Result<Confinement> {
    let sockets = match sandbox.sockets() {
        Network::On => Sockets::All,
        Network::Unix => Sockets::Unix,
        Network::Off => Sockets::None,
    };
    let files = sandbox.confines_files().then(|| files(sandbox));
    Confinement::new(&Walls { files, sockets, best_effort: sandbox.is_best_effort() })
}

/// What the user names must be there; what we name may be.
fn files(sandbox: &Sandbox) -> Files {
    let [mut read, mut write] = sandbox.paths().map(|paths| paths.iter().map(|path| path_of(path)).collect::<Vec<_>>());
    let nothing_changes = write.is_empty();
    if sandbox.is_strict() {
        read.extend(those_there(SYSTEM));
        // A panic's backtrace is made of it.
        read.extend(std::env::current_exe().ok().filter(|program| program.exists()));
    } else if read.is_empty() {
        read.push(PathBuf::from("/"));
    }
    read.extend(those_there(READ_BY_ALL));
    write.extend(those_there(WRITTEN_BY_ALL));
    Files { read, write, nothing_changes }
}

fn path_of(bytes: &[u8]) -> PathBuf {
    OsStr::from_bytes(bytes).into()
}

fn those_there(paths: &[&'static str]) -> impl Iterator<Item = PathBuf> {
    paths.iter().map(Path::new).filter(|path| path.exists()).map(Path::to_owned)
}

/// Whether a worker of this role is itself kept, or only what it starts.
pub(crate) fn holds_worker(role: &Role) -> bool {
    match role {
        Role::Functions | Role::Lines | Role::Named => true,
        Role::Commands | Role::Host(_) => false,
    }
}
