//! An environment, made ready for `execve` once and used for many launches.

use std::ffi::{CStr, CString, OsStr, c_char};
use std::os::unix::ffi::OsStrExt;

/// Where programs are looked for when there is no `PATH`, as in the C library.
const DEFAULT_PATH: &[u8] = b"/bin:/usr/bin";

/// The variables of an environment, and the `PATH` among them taken apart.
#[derive(Clone, Debug)]
pub struct EnvBlock {
    /// Each as `NAME=value`; no name twice.
    entries: Vec<CString>,
    /// The directories of `PATH`, each with a slash behind it; empty for the current one.
    path: Vec<Vec<u8>>,
}

impl EnvBlock {
    /// This process's environment as it is now.
    #[must_use]
    pub fn inherited() -> Self {
        let entries = std::env::vars_os().filter_map(|(name, value)| Self::entry(&name, &value)).collect();
        Self { entries, path: Vec::new() }.with_path()
    }

    /// The same with one variable more, or another value for it. One that no environment can hold (`=` in its name, a
    /// zero byte) is left out.
    ///
    /// ```
    /// let env = ganger_sys::EnvBlock::inherited().with("LC_ALL", "C");
    /// ```
    #[must_use]
    pub fn with(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        if let Some(entry) = Self::entry(name.as_ref(), value.as_ref()) {
            self.entries.retain(|old| key(old) != key(&entry));
            self.entries.push(entry);
        }
        self.with_path()
    }

    /// One variable as [`Launch::env_more`](crate::Launch::env_more) takes it; `None` when no environment can hold it.
    #[must_use]
    pub fn entry(name: &OsStr, value: &OsStr) -> Option<CString> {
        let name = name.as_bytes();
        if name.is_empty() || name.contains(&b'=') {
            return None;
        }
        CString::new([name, b"=", value.as_bytes()].concat()).ok()
    }

    fn with_path(mut self) -> Self {
        let path = self.entries.iter().find_map(|entry| entry.to_bytes().strip_prefix(b"PATH="));
        let directory = |dir: &[u8]| if dir.is_empty() { Vec::new() } else { [dir, b"/"].concat() };
        self.path = path.unwrap_or(DEFAULT_PATH).split(|b| *b == b':').map(directory).collect();
        self
    }

    /// The block as `execve` takes it, with `more` before the rest and in place of what has the same name.
    pub(crate) fn pointers(&self, more: &[CString]) -> Vec<*const c_char> {
        let kept = self.entries.iter().filter(|entry| more.iter().all(|m| key(m) != key(entry)));
        more.iter().chain(kept).map(|e| e.as_ptr()).chain([std::ptr::null()]).collect()
    }

    /// All paths that `program` may have, each ending with a zero byte, one more zero behind the last.
    pub(crate) fn candidates(&self, program: &CStr) -> Vec<u8> {
        let mut all = Vec::with_capacity(256);
        if program.to_bytes().contains(&b'/') {
            all.extend_from_slice(program.to_bytes_with_nul());
        } else if !program.is_empty() {
            for directory in &self.path {
                all.extend_from_slice(directory);
                all.extend_from_slice(program.to_bytes_with_nul());
            }
        }
        all.push(0);
        all
    }
}

fn key(entry: &CStr) -> &[u8] {
    entry.to_bytes().split(|b| *b == b'=').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_looked_for_along_the_path() {
        let env = EnvBlock::inherited().with("PATH", "/a::b");
        assert_eq!(env.candidates(c"x"), b"/a/x\0x\0b/x\0\0");
        assert_eq!(env.candidates(c"./x"), b"./x\0\0");
        assert_eq!(env.candidates(c""), b"\0");
    }

    #[test]
    fn no_name_is_there_twice() {
        let env =
            EnvBlock::inherited().with("GANGER_A", "1").with("GANGER_A", "2").with("GANGER_AB", "3").with("=", "");
        let more = [c"GANGER_A=4".to_owned()];
        // SAFETY: the pointers are to strings of `env` and `more`, which live.
        let all = env.pointers(&more).into_iter().take_while(|p| !p.is_null()).map(|p| unsafe { CStr::from_ptr(p) });
        let ours: Vec<_> = all.filter(|e| e.to_bytes().starts_with(b"GANGER_A")).collect();
        assert_eq!(ours, [c"GANGER_A=4", c"GANGER_AB=3"]);
    }
}
