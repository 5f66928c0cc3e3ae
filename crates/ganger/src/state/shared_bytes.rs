//! Bytes that travel without a copy.

use std::fmt;
use std::io::{self, Read};
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use ganger_shm::state::Sealed;
use serde::{Deserialize, Serialize, Serializer};

use crate::passing::Passed;

/// Bytes that go to any number of tasks and back without being copied, and that nobody can change any more.
///
/// It is read as a `&[u8]`, where it lies: in a memory file that the kernel keeps as long as somebody has it, and that is
/// sealed. What is handed on, a worker's result say, is handed on as it is.
///
/// Making it costs one copy into fresh memory, which takes three to five times as long as one into memory that is in use. So it
/// is for what several tasks look at, what is handed on, and what is read from a file; and for a `Vec` that goes to one task if it
/// is larger than some 4 MiB: smaller [`Bytes`](crate::Bytes) are as fast or faster. Nothing that a worker does to it can be seen
/// elsewhere; for bytes that change there is [`SharedMemory`](super::SharedMemory).
///
/// ```
/// use ganger::Pool;
/// use ganger::state::SharedBytes;
///
/// #[ganger::task]
/// fn count(text: SharedBytes, from: usize, to: usize) -> usize {
///     text[from..to].iter().filter(|byte| **byte == b'a').count()
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// ganger::init();
/// let text = SharedBytes::new(&b"abracadabra".repeat(100_000))?;
/// let halves = [(0, 550_000), (550_000, 1_100_000)];
/// let counts = Pool::new(2)?.starmap(count, halves.map(|(from, to)| (text.clone(), from, to)))?;
/// assert_eq!(counts.iter().sum::<usize>(), 500_000);
/// # Ok(()) }
/// ```
#[derive(Clone, Deserialize)]
#[serde(try_from = "Passed")]
pub struct SharedBytes {
    fd: Passed,
    bytes: Arc<Sealed>,
}

impl SharedBytes {
    /// A copy of `bytes`.
    ///
    /// # Errors
    /// When the system has no descriptor or no memory left, or the size is above `ulimit -f`.
    pub fn new(bytes: &[u8]) -> io::Result<Self> {
        Self::open(ganger_sys::sealed("ganger-bytes", bytes)?)
    }

    /// All that `reader` gives: of a file, with no copy in this process.
    ///
    /// # Errors
    /// As [`new`](Self::new), and those of `reader`.
    ///
    /// ```
    /// use std::fs::File;
    /// use ganger::state::SharedBytes;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let program = SharedBytes::read_from(File::open("/proc/self/exe")?)?;
    /// assert!(program.starts_with(b"\x7fELF"));
    /// # Ok(()) }
    /// ```
    pub fn read_from(reader: impl Read) -> io::Result<Self> {
        Self::open(ganger_sys::sealed_from("ganger-bytes", reader)?)
    }

    /// The bytes behind a descriptor that came from another process.
    ///
    /// # Errors
    /// `InvalidData` when it is no memory file, or one that is not sealed against every change.
    ///
    /// ```
    /// use std::os::fd::AsFd;
    /// use ganger::state::{SharedBytes, SharedMemory};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bytes = SharedBytes::new(b"abc")?;
    /// assert_eq!(*SharedBytes::open(bytes.as_fd().try_clone_to_owned()?)?, *b"abc");
    /// assert!(SharedBytes::open(SharedMemory::new(3)?.as_fd().try_clone_to_owned()?).is_err());
    /// # Ok(()) }
    /// ```
    pub fn open(fd: OwnedFd) -> io::Result<Self> {
        Passed::from(fd).try_into()
    }
}

impl TryFrom<Passed> for SharedBytes {
    type Error = io::Error;

    fn try_from(fd: Passed) -> io::Result<Self> {
        let bytes = Arc::new(Sealed::open(&fd)?);
        Ok(Self { fd, bytes })
    }
}

impl Serialize for SharedBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.fd.serialize(serializer)
    }
}

impl Deref for SharedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl PartialEq for SharedBytes {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for SharedBytes {}

impl fmt::Debug for SharedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedBytes({} bytes)", self.len())
    }
}

/// The descriptor from which others [open](SharedBytes::open) it.
impl AsFd for SharedBytes {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
