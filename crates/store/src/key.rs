//! What a task is known by.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// What a task is known by from one run to the next: a hash of what makes it this task, never its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub(crate) [u8; 16]);

impl Key {
    /// The key of the task that these parts make: its command, input, directory and those variables that matter.
    ///
    /// ```
    /// use ganger_store::Key;
    ///
    /// assert_eq!(Key::of([&b"gzip"[..], b"a.log"]), Key::of([&b"gzip"[..], b"a.log"]));
    /// assert_ne!(Key::of([&b"ab"[..], b"c"]), Key::of([&b"a"[..], b"bc"]));
    /// ```
    #[must_use]
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let mut key = [0; 16];
        key.copy_from_slice(&hash.finalize()[..16]);
        Self(key)
    }
}

/// In hexadecimal.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
