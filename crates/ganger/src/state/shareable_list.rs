//! A list of mixed values that processes share.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use serde::{Deserialize, Serialize};

use super::slots::{Slots, size_of_list};
use super::{Item, ListError, SharedMemory};

/// A list of so many values that processes share: Python's `ShareableList`.
///
/// Its length is fixed, and so is the room of each slot: for a number, or for as much text or as many bytes as it began
/// with, and up to eight more. Any value that fits can take the place of any other. A slot is changed whole or not at all,
/// whoever reads meanwhile or is killed; nobody waits for one who was. Bytes may end with NULs, and keep them.
///
/// ```
/// use ganger::Pool;
/// use ganger::state::{Item, ShareableList};
///
/// #[ganger::task]
/// fn rename(list: ShareableList) { list.set(0, "Berta").unwrap(); }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// ganger::init();
/// let list = ShareableList::new([Item::from("Anton"), 42.into(), 1.5.into(), ().into()])?;
/// Pool::new(1)?.apply(rename, list.clone())?;
/// assert_eq!((list.get(0)?, list.index(&42.into())?), (Item::from("Berta"), 1));
/// assert!(list.set(0, "Wilhelmina").unwrap_err().to_string().contains("exceed available storage"));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "SharedMemory")]
pub struct ShareableList {
    memory: SharedMemory,
}

impl ShareableList {
    /// Shares these values, without a name.
    ///
    /// # Errors
    /// [`Memory`](ListError::Memory).
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::state::ListError> {
    /// assert_eq!(ganger::state::ShareableList::new(["a", "b"])?.len(), 2);
    /// # Ok(()) }
    /// ```
    pub fn new(items: impl IntoIterator<Item = impl Into<Item>>) -> Result<Self, ListError> {
        let items = collect(items);
        Self::laid_out(SharedMemory::new(size_of_list(&items))?, &items)
    }

    /// Shares these values under a name, as [`SharedMemory::create`] does.
    ///
    /// # Errors
    /// [`Memory`](ListError::Memory).
    ///
    /// ```
    /// use ganger::state::ShareableList;
    ///
    /// # fn main() -> Result<(), ganger::state::ListError> {
    /// # let name = &format!("ages-{}", std::process::id());
    /// let list = ShareableList::create(name, [30, 40])?;
    /// ShareableList::attach(name)?.set(0, 31)?;
    /// assert_eq!(list.get(0)?, 31.into());
    /// # Ok(()) }
    /// ```
    pub fn create(name: &str, items: impl IntoIterator<Item = impl Into<Item>>) -> Result<Self, ListError> {
        let items = collect(items);
        Self::laid_out(SharedMemory::create(name, size_of_list(&items))?, &items)
    }

    /// The list that has a name.
    ///
    /// # Errors
    /// [`Memory`](ListError::Memory), where it says that there is none; [`Malformed`](ListError::Malformed) for memory that
    /// holds no list.
    ///
    /// ```
    /// use ganger::state::{ListError, ShareableList, SharedMemoryError};
    ///
    /// let error = ShareableList::attach("nobody-made-this").unwrap_err();
    /// assert!(matches!(error, ListError::Memory(SharedMemoryError::NotFound { .. })));
    /// ```
    pub fn attach(name: &str) -> Result<Self, ListError> {
        SharedMemory::attach(name)?.try_into()
    }

    /// The list behind a descriptor that came from another process.
    ///
    /// # Errors
    /// [`Malformed`](ListError::Malformed) for memory that holds no list, [`Memory`](ListError::Memory).
    ///
    /// ```
    /// use ganger::state::ShareableList;
    /// use std::os::fd::AsFd;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let list = ShareableList::new([true])?;
    /// assert_eq!(ShareableList::open(list.as_fd().try_clone_to_owned()?)?.get(0)?, true.into());
    /// # Ok(()) }
    /// ```
    pub fn open(fd: OwnedFd) -> Result<Self, ListError> {
        SharedMemory::open(fd)?.try_into()
    }

    /// The memory that it lies in. Python's `shm`.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::state::ListError> {
    /// assert_eq!(ganger::state::ShareableList::new([1])?.shm().name(), None);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn shm(&self) -> &SharedMemory {
        &self.memory
    }

    /// How many slots there are.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::state::ListError> {
    /// assert_eq!(ganger::state::ShareableList::new([1, 2])?.len(), 2);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots().map_or(0, |slots| slots.count())
    }

    /// Whether there are none.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::state::ListError> {
    /// assert!(ganger::state::ShareableList::new([(); 0])?.is_empty());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What a slot holds.
    ///
    /// # Errors
    /// [`OutOfRange`](ListError::OutOfRange); [`Malformed`](ListError::Malformed) if somebody scribbles.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::state::ListError> {
    /// assert_eq!(ganger::state::ShareableList::new([b"a\0"])?.get(0)?, b"a\0".into());
    /// # Ok(()) }
    /// ```
    pub fn get(&self, index: usize) -> Result<Item, ListError> {
        self.slots()?.get(index)
    }

    /// Changes what a slot holds.
    ///
    /// # Errors
    /// [`OutOfRange`](ListError::OutOfRange), [`TooLong`](ListError::TooLong): nothing is changed then.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::state::ListError> {
    /// let list = ganger::state::ShareableList::new([100])?;
    /// list.set(0, "hundred")?;
    /// assert_eq!(list.get(0)?, "hundred".into());
    /// # Ok(()) }
    /// ```
    pub fn set(&self, index: usize, item: impl Into<Item>) -> Result<(), ListError> {
        self.slots()?.set(index, &item.into())
    }

    /// How many bytes of text a slot has room for.
    ///
    /// # Errors
    /// [`OutOfRange`](ListError::OutOfRange).
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::state::ListError> {
    /// let list = ganger::state::ShareableList::new(["seven77", "eight888"])?;
    /// assert_eq!((list.capacity(0)?, list.capacity(1)?), (8, 16));
    /// # Ok(()) }
    /// ```
    pub fn capacity(&self, index: usize) -> Result<usize, ListError> {
        self.slots()?.capacity(index)
    }

    /// What every slot holds.
    ///
    /// # Errors
    /// [`Malformed`](ListError::Malformed) if somebody scribbles.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::state::ListError> {
    /// let list = ganger::state::ShareableList::new([1, 2])?;
    /// let copy = ganger::state::ShareableList::new(list.to_vec()?)?;
    /// assert_eq!(copy.to_vec()?, [1.into(), 2.into()]);
    /// # Ok(()) }
    /// ```
    pub fn to_vec(&self) -> Result<Vec<Item>, ListError> {
        self.iter().collect()
    }

    /// What every slot holds, one after the other. Each is read when it is asked for.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::state::ListError> {
    /// let list = ganger::state::ShareableList::new([1, 2])?;
    /// assert!(list.iter().all(|item| item.is_ok()));
    /// # Ok(()) }
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = Result<Item, ListError>> + '_ {
        (0..self.len()).map(|index| self.get(index))
    }

    /// The first slot that holds this value.
    ///
    /// # Errors
    /// [`Absent`](ListError::Absent) when none does.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::state::ListError> {
    /// assert_eq!(ganger::state::ShareableList::new(["a", "b"])?.index(&"b".into())?, 1);
    /// # Ok(()) }
    /// ```
    pub fn index(&self, item: &Item) -> Result<usize, ListError> {
        let items = self.to_vec()?;
        items.iter().position(|found| found == item).ok_or(ListError::Absent)
    }

    /// How many slots hold this value. Types are told apart: 1 is not 1.0.
    ///
    /// # Errors
    /// [`Malformed`](ListError::Malformed) if somebody scribbles.
    ///
    /// ```
    /// # fn main() -> Result<(), ganger::state::ListError> {
    /// assert_eq!(ganger::state::ShareableList::new([7, 8, 7])?.count(&7.into())?, 2);
    /// # Ok(()) }
    /// ```
    pub fn count(&self, item: &Item) -> Result<usize, ListError> {
        Ok(self.to_vec()?.iter().filter(|found| *found == item).count())
    }

    fn laid_out(memory: SharedMemory, items: &[Item]) -> Result<Self, ListError> {
        Slots::create(memory.bytes(), items)?;
        Ok(Self { memory })
    }

    fn slots(&self) -> Result<Slots<'_>, ListError> {
        Slots::open(self.memory.bytes())
    }
}

fn collect(items: impl IntoIterator<Item = impl Into<Item>>) -> Vec<Item> {
    items.into_iter().map(Into::into).collect()
}

impl TryFrom<SharedMemory> for ShareableList {
    type Error = ListError;

    fn try_from(memory: SharedMemory) -> Result<Self, ListError> {
        let list = Self { memory };
        list.slots()?;
        Ok(list)
    }
}

/// The descriptor from which others [open](ShareableList::open) it.
impl AsFd for ShareableList {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.memory.as_fd()
    }
}
