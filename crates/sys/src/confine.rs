//! Keeping a process, and all that it starts, from files, sockets and other processes.
//!
//! | what | by |
//! |---|---|
//! | new privileges | `no_new_privs` |
//! | of root's privileges, those that walls are no hindrance to | capabilities |
//! | files; signals to processes outside, and their memory; abstract sockets of others | landlock |
//! | sockets; files' modes and owners, where nothing may be written; what goes around this filter (`io_uring`); typing into the terminal (`TIOCSTI`) | seccomp |
//!
//! A thread does it to itself, and what it starts from then on inherits it; nothing takes it back. So all is made ready
//! beforehand, and [`Confinement::enter`] is five system calls, which the launcher's child can make as well.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
};
use seccompiler::BpfProgram;

use crate::confine_filter::filter;
use crate::confine_privileges::give_up_privileges;
use crate::errno::check;
use crate::zygote::refuse_threads;

/// The version of landlock that scopes signals: Linux 6.12. What is newer adds nothing that is used here.
const NEEDED: i32 = 6;

/// What a process is to be kept from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walls {
    /// None: files are left alone.
    pub files: Option<Files>,
    /// Which sockets it may make.
    pub sockets: Sockets,
    /// What the kernel does not know is left out, instead of being an error.
    pub best_effort: bool,
}

/// What is left of the files. What is named must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// What is at or below these may be read and executed.
    pub read: Vec<PathBuf>,
    /// What is at or below these may be read, executed, written, made and removed.
    pub write: Vec<PathBuf>,
    /// Modes, owners and times of files stay as they are, wherever: the kernel cannot tell one place from another there.
    pub nothing_changes: bool,
}

/// Which sockets a process may make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sockets {
    /// All.
    #[default]
    All,
    /// Those of the family AF_UNIX.
    Unix,
    /// None; pairs that are connected to each other and nothing else are left.
    None,
}

/// Walls that are ready to be put up around a process.
#[derive(Debug)]
pub struct Confinement {
    /// None: the kernel has no landlock, and that was said to be enough.
    ruleset: Option<OwnedFd>,
    filter: BpfProgram,
}

impl Confinement {
    /// Makes them ready. They hold nobody yet.
    ///
    /// # Errors
    /// When the kernel knows too little, unless best effort will do; when a path is not there; without descriptors.
    pub fn new(walls: &Walls) -> io::Result<Self> {
        let has = version();
        if has < NEEDED && !walls.best_effort {
            return Err(io::Error::new(io::ErrorKind::Unsupported, lacking(has)));
        }
        Ok(Self { ruleset: ruleset(walls)?, filter: filter(walls)? })
    }

    /// Puts them up around this process.
    ///
    /// # Errors
    /// When it has more than one thread: the others would stay outside. When the kernel refuses.
    pub fn enter(&self) -> io::Result<()> {
        refuse_threads()?;
        if self.enter_alone() { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// The same for a process that has one thread. False: `errno` says why. Async-signal-safe.
    pub(crate) fn enter_alone(&self) -> bool {
        let program =
            libc::sock_fprog { len: self.filter.len() as u16, filter: self.filter.as_ptr().cast_mut().cast() };
        let ruleset = self.ruleset.as_ref().map(AsRawFd::as_raw_fd);
        // SAFETY: the kernel copies the program, which lives as long as we do; its instructions are laid out as the kernel's.
        unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                && give_up_privileges()
                && ruleset.is_none_or(|fd| libc::syscall(libc::SYS_landlock_restrict_self, fd, 0) == 0)
                && libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program) == 0
        }
    }

    /// What the kernel does not know of what was asked for, in words; none if it knows all.
    #[must_use]
    pub fn lacks() -> Option<String> {
        Some(version()).filter(|has| *has < NEEDED).map(lacking)
    }
}

/// 0: there is none, or it is turned off.
fn version() -> i32 {
    const VERSION: u32 = 1;
    // SAFETY: no memory is passed.
    let told = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0, VERSION) };
    check(told).map_or(0, |version| i32::try_from(version).unwrap_or(i32::MAX))
}

fn lacking(has: i32) -> String {
    let lacks = match has {
        0 => {
            "it has no landlock, or has it turned off (lsm=landlock,… on its command line): files, signals and the memory of \
              other processes"
        }
        1 | 2 => "its landlock is too old for cutting files short, and for signals",
        _ => "its landlock is too old for signals to other processes",
    };
    format!(
        "this kernel cannot keep workers from all that is asked for: {lacks}; that takes Linux 6.12. With best-effort they \
         are kept from what it can"
    )
}

/// Above the three streams, which a command's child replaces before it goes in.
fn ruleset(walls: &Walls) -> io::Result<Option<OwnedFd>> {
    let level = if walls.best_effort { CompatLevel::BestEffort } else { CompatLevel::HardRequirement };
    let made = rules(Ruleset::default().set_compatibility(level), walls)?;
    Option::<OwnedFd>::from(made).map(|fd| fd.try_clone()).transpose()
}

fn rules(ruleset: Ruleset, walls: &Walls) -> io::Result<RulesetCreated> {
    let scoped = ruleset.scope(Scope::from_all(ABI::V6)).map_err(told)?;
    let Some(Files { read, write, .. }) = &walls.files else { return scoped.create().map_err(told) };
    let made = scoped.handle_access(AccessFs::from_all(ABI::V6)).and_then(Ruleset::create).map_err(told)?;
    let made = read.iter().try_fold(made, |made, path| rule(made, path, AccessFs::from_read(ABI::V6)))?;
    write.iter().try_fold(made, |made, path| rule(made, path, AccessFs::from_all(ABI::V6)))
}

fn rule(made: RulesetCreated, path: &Path, access: BitFlags<AccessFs>) -> io::Result<RulesetCreated> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let is_dir = std::fs::metadata(path).map_err(named)?.is_dir();
    let access = if is_dir { access } else { access & AccessFs::from_file(ABI::V6) };
    let fd = PathFd::new(path).map_err(|error| named(io::Error::other(error)))?;
    made.add_rule(PathBeneath::new(fd, access)).map_err(told)
}

fn told(error: RulesetError) -> io::Error {
    io::Error::other(format!("landlock: {error}"))
}
