//! Whether a program is there: looked for once, before ten thousand commands fail for the same reason.

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Why a program cannot be run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ProgramError {
    /// It is not where its path says.
    Absent { program: PathBuf },
    /// It is in no directory of PATH.
    NotInPath { program: PathBuf },
    /// It is there, and no program.
    NotExecutable { path: PathBuf },
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProgramError::Absent { program } => write!(f, "no such program: {}", program.display()),
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
        }
    }
}

/// Looks for a program as the system will: by its path if it has a slash, in PATH otherwise.
pub(crate) fn find(program: &OsStr, dir: Option<&Path>) -> Result<(), ProgramError> {
    if program.as_bytes().contains(&b'/') {
        let path = dir.unwrap_or(Path::new("")).join(program);
        return match state(&path) {
            State::Executable => Ok(()),
            State::Absent => Err(ProgramError::Absent { program: program.into() }),
            State::Other => Err(ProgramError::NotExecutable { path }),
        };
    }
    // Without a PATH the C library looks in these.
    let path = env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let found: Vec<_> = env::split_paths(&path).map(|dir| dir.join(program)).map(|path| (state(&path), path)).collect();
    if found.iter().any(|(state, _)| *state == State::Executable) {
        return Ok(());
    }
    let other = found.into_iter().find(|(state, path)| *state == State::Other && path.is_file());
    Err(match other {
        Some((_, path)) => ProgramError::NotExecutable { path },
        None => ProgramError::NotInPath { program: program.into() },
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Executable,
    /// A directory, or a file that may not be executed.
    Other,
    Absent,
}

fn state(path: &Path) -> State {
    match path.metadata() {
        Ok(data) if data.is_file() && data.permissions().mode() & 0o111 != 0 => State::Executable,
        Ok(_) => State::Other,
        Err(_) => State::Absent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_as_the_system_finds_them() {
        let found = |program: &str, dir: Option<&str>| find(OsStr::new(program), dir.map(Path::new));
        assert_eq!(found("sh", None), Ok(()));
        assert_eq!(found("/bin/sh", None), Ok(()));
        assert_eq!(found("./sh", Some("/bin")), Ok(()));
        let absent = found("no-such-program", None).expect_err("it is not there").to_string();
        assert!(absent.contains("no-such-program is in no directory of PATH"), "{absent}");
        assert!(matches!(found("/no/such", None), Err(ProgramError::Absent { .. })));
        assert!(matches!(found("/etc/passwd", None), Err(ProgramError::NotExecutable { .. })));
        assert!(matches!(found("/etc", None), Err(ProgramError::NotExecutable { .. })));
    }
}
