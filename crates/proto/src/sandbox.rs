//! ① What a pool's workers, and all that they start, are kept from.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::spec::Bytes;

/// What a pool's workers, and all that they start, are kept from: [`PoolBuilder::sandbox`], and `--sandbox` of the command.
///
/// Any sandbox takes away new privileges (a set-uid program runs as its caller), of root's what goes past walls (mounting,
/// tracing, modules, devices), signals to and the memory of processes outside, and abstract sockets of others. Files and
/// the network are left alone unless it says otherwise. Where a path may be written, the modes, owners and times of this
/// user's other files can be changed too: the kernel knows no wall for those.
///
/// As text it is words with commas between them, in any order:
///
/// | word | means |
/// |---|---|
/// | `read=PATH` | what is there may be read and executed, and nothing elsewhere; once or more |
/// | `write=PATH` | what is there may be read and written, and nothing elsewhere be written; once or more |
/// | `net=on`, `net=unix`, `net=off` | any socket, Unix sockets alone, or none |
/// | `strict` | the system's programs may be read, nothing be written, `net=off`; other words are added to that |
/// | `best-effort` | what this kernel does not know is left out, instead of being an error |
///
/// ```
/// use ganger_proto::Sandbox;
///
/// let sandbox = Sandbox::strict().read("data").write("out");
/// assert_eq!("strict,read=data,write=out".parse(), Ok(sandbox));
/// assert!("strict,wirte=out".parse::<Sandbox>().is_err());
/// ```
///
/// [`PoolBuilder::sandbox`]: https://docs.rs/ganger/latest/ganger/struct.PoolBuilder.html
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    read: Vec<Bytes>,
    write: Vec<Bytes>,
    /// Nothing is read but the system's programs and what `read` and `write` name.
    strict: bool,
    network: Network,
    best_effort: bool,
}

/// Which sockets a sandbox leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Network {
    /// Any.
    #[default]
    On,
    /// Unix sockets alone: whatever listens on one that this user may connect to can be asked.
    Unix,
    /// None can be made, but for pairs between a process and its children.
    Off,
}

impl Sandbox {
    /// One that takes away no more than any does.
    ///
    /// ```
    /// assert_eq!(ganger_proto::Sandbox::new().network(ganger_proto::Network::Off).to_string(), "net=off");
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One that leaves the system's programs and libraries to be read (`/usr`, `/etc` and their like), nothing to be
    /// written, and no network.
    ///
    /// ```
    /// assert_eq!(ganger_proto::Sandbox::strict().to_string(), "strict");
    /// ```
    #[must_use]
    pub fn strict() -> Self {
        Self { strict: true, network: Network::Off, ..Self::default() }
    }

    /// What is at or below this path may be read and executed; what is named by none cannot be. A path that is relative is
    /// so to this process's directory.
    ///
    /// ```
    /// assert_eq!(ganger_proto::Sandbox::new().read("/usr").to_string(), "read=/usr");
    /// ```
    #[must_use]
    pub fn read(mut self, path: impl AsRef<Path>) -> Self {
        self.read.push(bytes(path.as_ref()));
        self
    }

    /// What is at or below this path may be read, executed, written, made and removed; nothing else may be changed.
    ///
    /// ```
    /// assert_eq!(ganger_proto::Sandbox::new().write("out").to_string(), "write=out");
    /// ```
    #[must_use]
    pub fn write(mut self, path: impl AsRef<Path>) -> Self {
        self.write.push(bytes(path.as_ref()));
        self
    }

    /// Which sockets are left.
    ///
    /// ```
    /// use ganger_proto::{Network, Sandbox};
    /// assert_eq!(ganger_proto::Sandbox::strict().network(Network::Unix).to_string(), "strict,net=unix");
    /// ```
    #[must_use]
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// What this kernel does not know is left out, and logged, instead of being an error.
    ///
    /// ```
    /// assert_eq!(ganger_proto::Sandbox::strict().best_effort().to_string(), "strict,best-effort");
    /// ```
    #[must_use]
    pub fn best_effort(mut self) -> Self {
        self.best_effort = true;
        self
    }

    /// Whether what the kernel does not know is left out.
    #[must_use]
    pub fn is_best_effort(&self) -> bool {
        self.best_effort
    }

    /// Whether nothing is read but what is named, and the system's programs.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// Whether anything is said of files.
    #[must_use]
    pub fn confines_files(&self) -> bool {
        self.strict || !self.read.is_empty() || !self.write.is_empty()
    }

    /// Which sockets it leaves.
    #[must_use]
    pub fn sockets(&self) -> Network {
        self.network
    }

    /// The paths that it names, as bytes: to be read, and to be written.
    #[must_use]
    pub fn paths(&self) -> [&[Bytes]; 2] {
        [&self.read, &self.write]
    }

    /// The same with each path changed.
    ///
    /// # Errors
    /// The first that `change` has.
    pub fn with_paths<E>(mut self, change: impl Fn(&[u8]) -> Result<PathBuf, E>) -> Result<Self, E> {
        for path in self.read.iter_mut().chain(&mut self.write) {
            *path = bytes(&change(path)?);
        }
        Ok(self)
    }
}

/// Paths are bytes on the way, as they need not be text.
fn bytes(path: &Path) -> Bytes {
    Bytes::from(path.as_os_str().as_encoded_bytes().to_vec())
}

impl FromStr for Sandbox {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let strict = text.split(',').any(|word| word == "strict");
        let start = if strict { Self::strict() } else { Self::new() };
        text.split(',').try_fold(start, Self::with_word)
    }
}

impl Sandbox {
    fn with_word(self, word: &str) -> Result<Self, String> {
        match word.split_once('=') {
            Some(("read", path)) if !path.is_empty() => Ok(self.read(path)),
            Some(("write", path)) if !path.is_empty() => Ok(self.write(path)),
            Some(("net", "on")) => Ok(self.network(Network::On)),
            Some(("net", "unix")) => Ok(self.network(Network::Unix)),
            Some(("net", "off")) => Ok(self.network(Network::Off)),
            None if word == "strict" => Ok(self),
            None if word == "best-effort" => Ok(self.best_effort()),
            _ => Err(format!(
                "{word:?} is none of strict, read=PATH, write=PATH, net=on, net=unix, net=off, best-effort; give them with \
                 commas between them: strict,write=out"
            )),
        }
    }
}

/// As it is read.
impl fmt::Display for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let network = match (self.network, self.strict) {
            (Network::On, false) | (Network::Off, true) => None,
            (Network::On, true) => Some("net=on"),
            (Network::Unix, _) => Some("net=unix"),
            (Network::Off, false) => Some("net=off"),
        };
        let [read, write] = self.paths();
        let read = read.iter().map(|path| format!("read={}", String::from_utf8_lossy(path)));
        let write = write.iter().map(|path| format!("write={}", String::from_utf8_lossy(path)));
        let strict = self.strict.then(|| "strict".to_owned());
        let best_effort = self.best_effort.then(|| "best-effort".to_owned());
        let words = strict.into_iter().chain(read).chain(write).chain(network.map(str::to_owned)).chain(best_effort);
        f.write_str(&words.collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_was_written() {
        for text in ["strict", "read=/usr,write=./out,net=off", "strict,write=a,write=b,net=on,best-effort", "net=unix"]
        {
            assert_eq!(text.parse::<Sandbox>().map(|sandbox| sandbox.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn a_word_that_is_none_is_told() {
        for text in ["", "strickt", "read=", "read", "net=yes", "strict,", "write=out net=off=", "Strict"] {
            let told = text.parse::<Sandbox>();
            // A path may hold anything but a comma.
            assert!(told.is_err() || text.starts_with("write=out "), "{text}: {told:?}");
        }
    }

    #[test]
    fn strict_may_stand_anywhere() {
        assert_eq!("net=on,strict".parse(), Ok(Sandbox::strict().network(Network::On)));
    }
}
