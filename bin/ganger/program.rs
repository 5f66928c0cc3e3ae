//! Whether a program is there: looked for once, before ten thousand commands fail for the same reason.

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Why a program cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProgramError {
    /// It is not where its path says.
    Absent { path: PathBuf },
    /// It is in no directory of PATH.
    NotInPath { program: PathBuf },
    /// It is a file that may not be executed.
    NotExecutable { path: PathBuf },
    /// It is no file: what it is.
    NoFile { path: PathBuf, kind: &'static str },
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProgramError::Absent { path } => write!(f, "no such program: {}", path.display()),
            ProgramError::NotInPath { program } => {
                let name = program.display();
                write!(
                    f,
                    "no such program: {name} is in no directory of PATH; if it is in this one, say ./{name}; if the \
                     shell knows it, give the command as one word: '{name} {{}}'"
                )
            }
            ProgramError::NotExecutable { path } => {
                let path = path.display();
                write!(f, "{path} is not an executable program; if it is to be one: chmod +x {path}")
            }
            ProgramError::NoFile { path, kind } => {
                let path = path.display();
                write!(f, "{path} is {kind}, not a program: a command begins with its program's name or path")
            }
        }
    }
}

/// Looks for a program as the system will, by its path if it has a slash, in PATH otherwise, and tells where it is.
pub(crate) fn find(program: &OsStr, dir: Option<&Path>) -> Result<PathBuf, ProgramError> {
    if program.as_bytes().contains(&b'/') {
        return judge(&dir.unwrap_or(Path::new("")).join(program));
    }
    // Without a PATH the C library looks in these.
    let path = env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let found: Vec<_> = env::split_paths(&path).map(|dir| judge(&dir.join(program))).collect();
    let here = found.iter().find(|result| result.is_ok());
    let file = || found.iter().find(|result| matches!(result, Err(ProgramError::NotExecutable { .. })));
    here.or_else(file).cloned().unwrap_or_else(|| Err(ProgramError::NotInPath { program: program.into() }))
}

/// Whether what is at a path can be executed.
fn judge(path: &Path) -> Result<PathBuf, ProgramError> {
    let Ok(data) = path.metadata() else { return Err(ProgramError::Absent { path: path.into() }) };
    let no_file = |kind| Err(ProgramError::NoFile { path: path.into(), kind });
    match data.file_type() {
        kind if kind.is_dir() => no_file("a directory"),
        kind if kind.is_char_device() || kind.is_block_device() => no_file("a device"),
        kind if kind.is_fifo() => no_file("a pipe"),
        kind if kind.is_socket() => no_file("a socket"),
        _ if data.permissions().mode() & 0o111 == 0 => Err(ProgramError::NotExecutable { path: path.into() }),
        _ => Ok(path.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_as_the_system_finds_them() {
        let found = |program: &str, dir: Option<&str>| find(OsStr::new(program), dir.map(Path::new));
        assert!(found("sh", None).is_ok_and(|path| path.is_absolute() && path.ends_with("sh")));
        assert_eq!(found("/bin/sh", None), Ok("/bin/sh".into()));
        assert_eq!(found("./sh", Some("/bin")), Ok("/bin/./sh".into()));
        let absent = found("no-such-program", None).expect_err("it is not there").to_string();
        assert!(absent.contains("no-such-program is in no directory of PATH"), "{absent}");
        assert!(matches!(found("/no/such", None), Err(ProgramError::Absent { .. })));
        assert!(matches!(found("/etc/passwd", None), Err(ProgramError::NotExecutable { .. })));
        for (path, told) in [("/etc", "/etc is a directory"), ("/dev/null", "/dev/null is a device")] {
            let error = found(path, None).expect_err(path).to_string();
            assert!(error.starts_with(told) && !error.contains("chmod"), "{error}");
        }
    }
}
