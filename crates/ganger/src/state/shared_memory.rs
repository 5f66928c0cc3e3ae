//! Bytes that processes share.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Once};

use ganger_shm::state::Bytes;
use ganger_shm::state::named::{self, Name, Owner};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::SharedMemoryError;
use crate::passing::Passed;

/// Bytes that processes share: Python's `SharedMemory`.
///
/// It travels in a task's arguments and in messages as its descriptor, with no copy. A name is for those who can be
/// given nothing, such as programs in other languages: it is a file in `/dev/shm`.
///
/// | made by | has a name | lies in |
/// |---|---|---|
/// | [`new`](Self::new) | no | memory of its own, taken page by page when it is touched |
/// | [`create`](Self::create), [`create_unique`](Self::create_unique) | yes | `/dev/shm`, taken at once: what is missing is an error then, and never a `SIGBUS` |
///
/// ```
/// use ganger::Pool;
/// use ganger::state::SharedMemory;
///
/// #[ganger::task]
/// fn shout(text: SharedMemory) {
///     let mut bytes = text.to_vec();
///     bytes.make_ascii_uppercase();
///     text.write(0, &bytes).unwrap();
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// ganger::init();
/// let text = SharedMemory::new(5)?;
/// text.write(0, b"hello")?;
/// Pool::new(1)?.apply(shout, text.clone())?;
/// assert_eq!(text.to_vec(), b"HELLO");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct SharedMemory {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    handle: Handle,
    bytes: Bytes,
    /// With the last handle of the process that made the name, the name goes.
    _owner: Option<Owner>,
}

/// What crosses to other processes.
#[derive(Debug, Serialize, Deserialize)]
struct Handle {
    fd: Passed,
    name: Option<String>,
}

impl SharedMemory {
    /// `size` zero bytes without a name.
    ///
    /// # Errors
    /// [`InvalidSize`](SharedMemoryError::InvalidSize) for none, [`System`](SharedMemoryError::System) when there is no
    /// descriptor or no memory left.
    ///
    /// ```
    /// use ganger::state::{SharedMemory, SharedMemoryError};
    ///
    /// assert_eq!(SharedMemory::new(1000).unwrap().size(), 1000);
    /// assert!(matches!(SharedMemory::new(0), Err(SharedMemoryError::InvalidSize { size: 0 })));
    /// ```
    pub fn new(size: usize) -> Result<Self, SharedMemoryError> {
        check_size(size)?;
        let (bytes, fd) = Bytes::create("ganger-state", size).map_err(system("create"))?;
        Ok(Self::over(Handle { fd: fd.into(), name: None }, bytes, None))
    }

    /// `size` zero bytes under a name. The name goes with the last handle that this process has, or when this process dies:
    /// who [attaches](Self::attach) then finds nothing. What others have attached stays theirs.
    ///
    /// The file of an owner that was killed stays in `/dev/shm` until a process asks for its name, or makes or
    /// attaches its first memory with a name; that one removes it, and warns in its log.
    ///
    /// # Errors
    /// [`InvalidName`](SharedMemoryError::InvalidName), [`InvalidSize`](SharedMemoryError::InvalidSize) for none,
    /// [`Exists`](SharedMemoryError::Exists), [`OutOfSpace`](SharedMemoryError::OutOfSpace).
    ///
    /// ```
    /// use ganger::state::{SharedMemory, SharedMemoryError};
    ///
    /// # fn main() -> Result<(), SharedMemoryError> {
    /// # let name = &format!("frames-{}", std::process::id());
    /// let memory = SharedMemory::create(name, 4096)?;
    /// assert!(matches!(SharedMemory::create(name, 1), Err(SharedMemoryError::Exists { .. })));
    /// drop(memory);
    /// assert!(matches!(SharedMemory::attach(name), Err(SharedMemoryError::NotFound { .. })));
    /// # Ok(()) }
    /// ```
    pub fn create(name: &str, size: usize) -> Result<Self, SharedMemoryError> {
        let name = checked(name)?;
        check_size(size)?;
        clear(&name);
        let (fd, owner) = named::create(&name, size as u64).map_err(|error| uncreated(error, &name, size))?;
        Self::mapped(fd, Some(name.as_str().to_owned()), Some(owner))
    }

    /// As [`create`](Self::create), under a name that nobody has.
    ///
    /// # Errors
    /// Those of [`create`](Self::create).
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::state::SharedMemoryError> {
    /// assert!(ganger::state::SharedMemory::create_unique(100)?.name().is_some());
    /// # Ok(()) }
    /// ```
    pub fn create_unique(size: usize) -> Result<Self, SharedMemoryError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        loop {
            let name = format!("ganger-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            match Self::create(&name, size) {
                Err(SharedMemoryError::Exists { .. }) => {}
                result => return result,
            }
        }
    }

    /// The memory that has a name, whoever made it. It has the size that it was made with.
    ///
    /// # Errors
    /// [`InvalidName`](SharedMemoryError::InvalidName), [`NotFound`](SharedMemoryError::NotFound).
    ///
    /// ```
    /// use ganger::state::SharedMemory;
    ///
    /// # fn main() -> Result<(), ganger::state::SharedMemoryError> {
    /// let memory = SharedMemory::create_unique(3)?;
    /// let same = SharedMemory::attach(memory.name().expect("it has one"))?;
    /// memory.write(0, b"abc")?;
    /// assert_eq!(same.to_vec(), b"abc");
    /// # Ok(()) }
    /// ```
    pub fn attach(name: &str) -> Result<Self, SharedMemoryError> {
        let name = checked(name)?;
        clear(&name);
        let fd = named::attach(&name).map_err(|error| unfound(error, &name))?;
        Self::mapped(fd, Some(name.as_str().to_owned()), None)
    }

    /// The memory behind a descriptor that came from another process. It knows no name.
    ///
    /// # Errors
    /// [`System`](SharedMemoryError::System) when it is none, or cannot be mapped.
    ///
    /// ```
    /// use ganger::state::SharedMemory;
    /// use std::os::fd::AsFd;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let memory = SharedMemory::new(3)?;
    /// let same = SharedMemory::open(memory.as_fd().try_clone_to_owned()?)?;
    /// memory.write(0, b"abc")?;
    /// assert_eq!(same.to_vec(), b"abc");
    /// # Ok(()) }
    /// ```
    pub fn open(fd: OwnedFd) -> Result<Self, SharedMemoryError> {
        Self::mapped(fd, None, None)
    }

    /// The name.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::state::SharedMemoryError> {
    /// assert_eq!(ganger::state::SharedMemory::new(1)?.name(), None);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.inner.handle.name.as_deref()
    }

    /// How many bytes there are.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::state::SharedMemoryError> {
    /// assert_eq!(ganger::state::SharedMemory::new(7)?.size(), 7);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn size(&self) -> usize {
        self.inner.bytes.len()
    }

    /// Each byte, to be read and written in one step.
    ///
    /// ```
    /// use std::sync::atomic::Ordering;
    ///
    /// # fn main() -> Result<(), ganger::state::SharedMemoryError> {
    /// let memory = ganger::state::SharedMemory::new(2)?;
    /// memory.buf()[1].store(42, Ordering::Release);
    /// assert_eq!(memory.to_vec(), [0, 42]);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn buf(&self) -> &[AtomicU8] {
        self.inner.bytes.bytes()
    }

    /// Copies bytes out, from `offset` on. Who reads while another writes sees some of it.
    ///
    /// # Errors
    /// [`OutOfRange`](SharedMemoryError::OutOfRange).
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::state::SharedMemoryError> {
    /// let mut bytes = [1; 2];
    /// ganger::state::SharedMemory::new(3)?.read(1, &mut bytes)?;
    /// assert_eq!(bytes, [0; 2]);
    /// # Ok(()) }
    /// ```
    pub fn read(&self, offset: usize, out: &mut [u8]) -> Result<(), SharedMemoryError> {
        self.check(offset, out.len())?;
        self.inner.bytes.read(offset, out);
        Ok(())
    }

    /// Copies bytes in, from `offset` on.
    ///
    /// # Errors
    /// [`OutOfRange`](SharedMemoryError::OutOfRange).
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::state::SharedMemoryError> {
    /// let memory = ganger::state::SharedMemory::new(3)?;
    /// memory.write(1, b"ab")?;
    /// assert!(memory.write(2, b"ab").is_err());
    /// # Ok(()) }
    /// ```
    pub fn write(&self, offset: usize, bytes: &[u8]) -> Result<(), SharedMemoryError> {
        self.check(offset, bytes.len())?;
        self.inner.bytes.write(offset, bytes);
        Ok(())
    }

    /// A copy of all bytes.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::state::SharedMemoryError> {
    /// assert_eq!(ganger::state::SharedMemory::new(2)?.to_vec(), [0, 0]);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.size()];
        self.inner.bytes.read(0, &mut bytes);
        bytes
    }

    /// Takes the name away, whoever owns it. Who has the memory keeps it.
    ///
    /// # Errors
    /// [`NotFound`](SharedMemoryError::NotFound) when it has the name no more, [`NoName`](SharedMemoryError::NoName) when it
    /// never had one.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::state::SharedMemoryError> {
    /// let memory = ganger::state::SharedMemory::create_unique(1)?;
    /// memory.unlink()?;
    /// assert!(memory.unlink().is_err());
    /// # Ok(()) }
    /// ```
    pub fn unlink(&self) -> Result<(), SharedMemoryError> {
        let name = checked(self.name().ok_or(SharedMemoryError::NoName)?)?;
        named::unlink(&name, self).map_err(|error| unfound(error, &name))
    }

    pub(super) fn bytes(&self) -> &Bytes {
        &self.inner.bytes
    }

    fn mapped(fd: OwnedFd, name: Option<String>, owner: Option<Owner>) -> Result<Self, SharedMemoryError> {
        let bytes = Bytes::open(&fd).map_err(system("map"))?;
        Ok(Self::over(Handle { fd: fd.into(), name }, bytes, owner))
    }

    fn over(handle: Handle, bytes: Bytes, owner: Option<Owner>) -> Self {
        Self { inner: Arc::new(Inner { handle, bytes, _owner: owner }) }
    }

    fn check(&self, offset: usize, len: usize) -> Result<(), SharedMemoryError> {
        let size = self.size();
        let all_there = offset.checked_add(len).is_some_and(|end| end <= size);
        if all_there { Ok(()) } else { Err(SharedMemoryError::OutOfRange { offset, len, size }) }
    }
}

fn checked(name: &str) -> Result<Name, SharedMemoryError> {
    Name::new(name).map_err(|why| SharedMemoryError::InvalidName { name: name.to_owned(), why })
}

fn check_size(size: usize) -> Result<(), SharedMemoryError> {
    let possible = size > 0 && isize::try_from(size).is_ok();
    if possible { Ok(()) } else { Err(SharedMemoryError::InvalidSize { size }) }
}

/// Takes away a name whose owner has died, and once in a process all such names.
fn clear(name: &Name) {
    static SWEPT: Once = Once::new();
    SWEPT.call_once(|| named::sweep().iter().for_each(warn_of));
    if named::bury(name) {
        warn_of(name);
    }
}

fn warn_of(name: &Name) {
    log::warn!("shared memory {:?} was left behind by a process that died: removed", name.as_str());
}

fn uncreated(error: io::Error, name: &Name, size: usize) -> SharedMemoryError {
    let is = |kinds: &[io::ErrorKind]| kinds.contains(&error.kind());
    if is(&[io::ErrorKind::AlreadyExists]) {
        SharedMemoryError::Exists { name: name.as_str().to_owned() }
    } else if is(&[io::ErrorKind::StorageFull, io::ErrorKind::OutOfMemory, io::ErrorKind::FileTooLarge]) {
        SharedMemoryError::OutOfSpace { size }
    } else {
        system("create")(error)
    }
}

fn unfound(error: io::Error, name: &Name) -> SharedMemoryError {
    if error.kind() == io::ErrorKind::NotFound {
        SharedMemoryError::NotFound { name: name.as_str().to_owned() }
    } else {
        system("find")(error)
    }
}

fn system(what: &'static str) -> impl FnOnce(io::Error) -> SharedMemoryError {
    move |source| SharedMemoryError::System { what, source }
}

impl Serialize for SharedMemory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.inner.handle.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SharedMemory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let handle = Handle::deserialize(deserializer)?;
        let bytes = Bytes::open(&handle.fd).map_err(serde::de::Error::custom)?;
        Ok(Self::over(handle, bytes, None))
    }
}

/// The descriptor from which others [open](SharedMemory::open) it.
impl AsFd for SharedMemory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.handle.fd.as_fd()
    }
}
