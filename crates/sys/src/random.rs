//! What nobody can guess: the kernel's random bytes, and directories of one's own.

use std::io;
use std::path::{Path, PathBuf};

use crate::errno::{check, retry};

/// Fills `buf` with random bytes, fit for secrets. So few the kernel gives whole.
///
/// # Errors
/// When the kernel has none, as in a container that forbids the call.
pub fn fill(buf: &mut [u8; 40]) -> io::Result<()> {
    // SAFETY: the buffer is as long as it says.
    retry(|| check(unsafe { libc::getrandom(buf.as_mut_ptr().cast(), buf.len(), 0) }))?;
    Ok(())
}

/// Makes a new directory in `parent` that only this user can enter; its name begins with `prefix`.
///
/// # Errors
/// Those of mkdtemp.
pub fn private_directory(parent: &Path, prefix: &str) -> io::Result<PathBuf> {
    Ok(nix::unistd::mkdtemp(&parent.join(format!("{prefix}XXXXXX")))?)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may end by a panic")]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn no_two_fills_are_alike() {
        let (mut one, mut two) = ([0; 40], [0; 40]);
        fill(&mut one).unwrap();
        fill(&mut two).unwrap();
        assert_ne!(one, two);
    }

    #[test]
    fn a_private_directory_is_for_its_user() {
        let made = private_directory(&std::env::temp_dir(), "ganger-test-").unwrap();
        let mode = made.metadata().unwrap().permissions().mode();
        std::fs::remove_dir(&made).unwrap();
        assert_eq!(mode & 0o777, 0o700);
    }
}
