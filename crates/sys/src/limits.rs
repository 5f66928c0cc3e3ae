//! What the kernel lets a process have.

use std::io;

use nix::sys::resource::{self, getrlimit, setrlimit};

use crate::poll::count_closed;

/// A thing that is limited, for this process and those it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// Address space, in bytes. It is no limit of resident memory: a program may map much more than it touches.
    AddressSpace,
    /// Core files, in bytes.
    Core,
    /// Processor time, in seconds: `SIGXCPU` at the soft limit, `SIGKILL` at the hard one.
    Cpu,
    /// Files written, in bytes: `SIGXFSZ` above it.
    FileSize,
    /// Open descriptors.
    OpenFiles,
    /// Processes of this user, not only of this process. Not enforced for root.
    Processes,
    /// The main thread's stack, in bytes.
    Stack,
}

impl Resource {
    const fn to_nix(self) -> resource::Resource {
        match self {
            Self::AddressSpace => resource::Resource::RLIMIT_AS,
            Self::Core => resource::Resource::RLIMIT_CORE,
            Self::Cpu => resource::Resource::RLIMIT_CPU,
            Self::FileSize => resource::Resource::RLIMIT_FSIZE,
            Self::OpenFiles => resource::Resource::RLIMIT_NOFILE,
            Self::Processes => resource::Resource::RLIMIT_NPROC,
            Self::Stack => resource::Resource::RLIMIT_STACK,
        }
    }
}

/// A limit. `u64::MAX` is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What is enforced.
    pub soft: u64,
    /// How far a process without privileges may raise the soft one.
    pub hard: u64,
}

/// The limit that this process has.
///
/// # Errors
/// None that is known.
pub fn limit(resource: Resource) -> io::Result<Limit> {
    let (soft, hard) = getrlimit(resource.to_nix())?;
    Ok(Limit { soft, hard })
}

/// Sets a limit of this process.
///
/// # Errors
/// When the hard limit would be raised without the privilege for it, or the soft one is above it.
pub fn set_limit(resource: Resource, limit: Limit) -> io::Result<()> {
    Ok(setrlimit(resource.to_nix(), limit.soft, limit.hard)?)
}

/// Makes sure that this process can open `count` descriptors more: for what does not survive it if it cannot. Other
/// threads may take them in the meantime. It opens none itself, as another thread might miss just that one.
///
/// # Errors
/// When there are too few left.
pub fn spare_fds(count: usize) -> io::Result<()> {
    // As numbers are given out from below, all of the first look are free as a rule.
    const AT_A_TIME: i32 = 64;
    let mut end = i32::try_from(limit(Resource::OpenFiles)?.soft).unwrap_or(i32::MAX);
    let mut spare = 0;
    while spare < count && end > 0 {
        let begin = (end - AT_A_TIME).max(0);
        spare += count_closed(begin..end)?;
        end = begin;
    }
    if spare < count { Err(io::Error::from_raw_os_error(libc::EMFILE)) } else { Ok(()) }
}

/// Makes sure that this process may have a file of `bytes`, in memory or on a disk. The kernel would end it by a signal
/// (`SIGXFSZ`) where this is an error.
///
/// # Errors
/// `FileTooLarge`, with the limit and the remedy.
pub fn file_of(bytes: u64) -> io::Result<()> {
    let Limit { soft, .. } = limit(Resource::FileSize)?;
    if bytes <= soft {
        return Ok(());
    }
    let why = format!("a file of {bytes} bytes, in memory, is above `ulimit -f` ({} KiB): raise it", soft / 1024);
    Err(io::Error::new(io::ErrorKind::FileTooLarge, why))
}

/// Lets this process have as many descriptors as it may, and tells how many that is. Programs that use `select` can not
/// cope with more than 1,024, so give commands their old limit back.
///
/// # Errors
/// None that is known.
pub fn raise_open_files() -> io::Result<u64> {
    let now = limit(Resource::OpenFiles)?;
    set_limit(Resource::OpenFiles, Limit { soft: now.hard, ..now })?;
    Ok(now.hard)
}
