//! Lists.

use std::ops::{Bound, RangeBounds};

use super::encoding::Encoding;
use super::error::ManagerError;
use super::pending::Pending;
use super::protocol::{Call, Item, ListCall, ListChange};
use super::proxy::{proxy, sealed::Sealed};
use super::reception::Reception;
use crate::task::Portable;

/// How often a list is sorted anew because others have changed it meanwhile.
const ATTEMPTS: usize = 1000;

proxy! {
    /// A list of a [`Manager`](super::Manager): Python's `manager.list()`.
    ///
    /// Each call is one step for all who have the list. Values are the same if they are encoded the same.
    ///
    /// ```
    /// use ganger::manager::{Manager, ManagerError};
    ///
    /// # fn main() -> Result<(), ManagerError> {
    /// ganger::init();
    /// let manager = Manager::start()?;
    /// let list = manager.list()?;
    /// list.extend([3, 1, 2])?;
    /// list.push(&1)?;
    /// list.sort()?;
    /// assert_eq!(list.to_vec()?, [1, 1, 2, 3]);
    /// assert_eq!((list.get(2)?, list.index(&3)?, list.count(&1)?), (2, Some(3), 2));
    /// list.splice(1..3, [7, 8, 9])?;
    /// assert_eq!(list.slice(1..)?, [7, 8, 9, 3]);
    /// assert_eq!((list.pop()?, list.remove(0)?, list.len()?), (3, 1, 3));
    /// let doubled = list.iter().map(|n| Ok(2 * n?)).collect::<Result<Vec<i32>, ManagerError>>()?;
    /// assert_eq!(doubled, [14, 16, 18]);
    /// # Ok(()) }
    /// ```
    ListProxy<T>, List
}

impl<T: Portable> ListProxy<T> {
    /// A copy of an item.
    ///
    /// # Errors
    /// [`OutOfRange`](ManagerError::OutOfRange), and those of every call: [`Gone`](ManagerError::Gone), and when the value
    /// is of another type.
    pub fn get(&self, index: usize) -> Result<T, ManagerError> {
        self.call(ListCall::Get(index as u64))?.present()
    }

    /// Puts a value in an item's place.
    ///
    /// # Errors
    /// [`OutOfRange`](ManagerError::OutOfRange), and those of every call.
    pub fn set(&self, index: usize, value: &T) -> Result<(), ManagerError> {
        self.with(value, |item| ListChange::Set(index as u64, item))?.done()
    }

    /// Puts an item at the end.
    ///
    /// # Errors
    /// Those of every call.
    pub fn push(&self, value: &T) -> Result<(), ManagerError> {
        self.with(value, ListChange::Push)?.done()
    }

    /// As [`push`](Self::push), without waiting for the answer.
    ///
    /// # Errors
    /// When the call could not be sent.
    pub fn push_later(&self, value: &T) -> Result<Pending<()>, ManagerError> {
        let value = self.referent.encode(value)?;
        self.referent.later(Call::List(ListCall::Change(ListChange::Push(value.item.clone()))), Reception::done)
    }

    /// Puts an item before another, or at the end.
    ///
    /// # Errors
    /// Those of every call.
    pub fn insert(&self, index: usize, value: &T) -> Result<(), ManagerError> {
        self.with(value, |item| ListChange::Insert(index as u64, item))?.done()
    }

    /// Takes an item out.
    ///
    /// # Errors
    /// [`OutOfRange`](ManagerError::OutOfRange), and those of every call.
    pub fn remove(&self, index: usize) -> Result<T, ManagerError> {
        self.change(ListChange::Remove(Some(index as u64)))?.present()
    }

    /// Takes the last item out.
    ///
    /// # Errors
    /// [`OutOfRange`](ManagerError::OutOfRange) when there is none, and those of every call.
    pub fn pop(&self) -> Result<T, ManagerError> {
        self.change(ListChange::Remove(None))?.present()
    }

    /// Takes the first item out that is this value; whether there was one. Python's `remove`.
    ///
    /// # Errors
    /// Those of every call.
    pub fn remove_value(&self, value: &T) -> Result<bool, ManagerError> {
        self.change(ListChange::Discard(self.referent.encode_key(value)?))?.flag()
    }

    /// How many items there are.
    ///
    /// # Errors
    /// Those of every call.
    pub fn len(&self) -> Result<usize, ManagerError> {
        self.call(ListCall::Len)?.number()
    }

    /// Whether there is none.
    ///
    /// # Errors
    /// Those of every call.
    pub fn is_empty(&self) -> Result<bool, ManagerError> {
        Ok(self.len()? == 0)
    }

    /// Takes all out.
    ///
    /// # Errors
    /// Those of every call.
    pub fn clear(&self) -> Result<(), ManagerError> {
        self.splice(.., [])
    }

    /// Copies of a range, as far as it is there.
    ///
    /// # Errors
    /// Those of every call.
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Result<Vec<T>, ManagerError> {
        let (from, to) = ends(&range);
        self.call(ListCall::Slice(from, to))?.values()
    }

    /// All items, as they are at one time.
    ///
    /// # Errors
    /// Those of every call.
    pub fn to_vec(&self) -> Result<Vec<T>, ManagerError> {
        self.slice(..)
    }

    /// Puts items in the place of a range. Python's assignment to a slice.
    ///
    /// # Errors
    /// Those of every call.
    pub fn splice(
        &self,
        range: impl RangeBounds<usize>,
        values: impl IntoIterator<Item = T>,
    ) -> Result<(), ManagerError> {
        let ((from, to), encoded) = (ends(&range), self.encode_all(values)?);
        self.change(ListChange::Splice(from, to, items(&encoded)))?.done()
    }

    /// Puts many at the end, in one step. Python's `+=`.
    ///
    /// # Errors
    /// Those of every call.
    pub fn extend(&self, values: impl IntoIterator<Item = T>) -> Result<(), ManagerError> {
        self.splice(usize::MAX.., values)
    }

    /// Makes the list so many times as long. Python's `*=`.
    ///
    /// # Errors
    /// When there is no room for it, and those of every call.
    pub fn repeat(&self, times: usize) -> Result<(), ManagerError> {
        self.change(ListChange::Repeat(times as u64))?.done()
    }

    /// The first place of a value.
    ///
    /// # Errors
    /// Those of every call.
    pub fn index(&self, value: &T) -> Result<Option<usize>, ManagerError> {
        match self.call(ListCall::Find(self.referent.encode_key(value)?)) {
            Err(ManagerError::Absent) => Ok(None),
            found => found?.number().map(Some),
        }
    }

    /// Whether there is such a value.
    ///
    /// # Errors
    /// Those of every call.
    pub fn contains(&self, value: &T) -> Result<bool, ManagerError> {
        Ok(self.index(value)?.is_some())
    }

    /// How many items are this value.
    ///
    /// # Errors
    /// Those of every call.
    pub fn count(&self, value: &T) -> Result<usize, ManagerError> {
        self.call(ListCall::Count(self.referent.encode_key(value)?))?.number()
    }

    /// Turns the order round.
    ///
    /// # Errors
    /// Those of every call.
    pub fn reverse(&self) -> Result<(), ManagerError> {
        self.change(ListChange::Reverse)?.done()
    }

    /// Sorts the list. That is done here, as the server does not know the items' order; if somebody changes the list
    /// meanwhile, it is done again.
    ///
    /// # Errors
    /// [`Changed`](ManagerError::Changed) when somebody did so a thousand times, and those of every call.
    pub fn sort(&self) -> Result<(), ManagerError>
    where
        T: Ord,
    {
        for _ in 0..ATTEMPTS {
            let (version, mut values) = self.call(ListCall::Snapshot)?.version::<T>()?;
            values.sort();
            let encoded = self.encode_all(values)?;
            match self.change(ListChange::Replace(version, items(&encoded))) {
                Err(ManagerError::Changed) => {}
                replaced => return replaced?.done(),
            }
        }
        Err(ManagerError::Changed)
    }

    /// The items, each got when it is its turn, until there is none at the next place: what others change meanwhile is
    /// seen.
    pub fn iter(&self) -> impl Iterator<Item = Result<T, ManagerError>> + '_ {
        let mut index = 0;
        std::iter::from_fn(move || {
            let item = self.get(index);
            index += 1;
            if let Err(ManagerError::OutOfRange(_)) = item { None } else { Some(item) }
        })
    }

    /// From now on nobody changes its length.
    pub(super) fn into_array(self) -> super::ArrayProxy<T> {
        Sealed::over(self.referent)
    }

    fn with(&self, value: &T, change: impl FnOnce(Item) -> ListChange) -> Result<Reception, ManagerError> {
        let value = self.referent.encode(value)?;
        self.change(change(value.item.clone()))
    }

    fn change(&self, change: ListChange) -> Result<Reception, ManagerError> {
        self.call(ListCall::Change(change))
    }

    fn encode_all(&self, values: impl IntoIterator<Item = T>) -> Result<Vec<Encoding>, ManagerError> {
        values.into_iter().map(|value| self.referent.encode(&value)).collect()
    }

    fn call(&self, call: ListCall) -> Result<Reception, ManagerError> {
        self.referent.ask(Call::List(call))
    }
}

fn items(encoded: &[Encoding]) -> Vec<Item> {
    encoded.iter().map(|value| value.item.clone()).collect()
}

/// From where to where, as far as there are items.
pub(super) fn ends(range: &impl RangeBounds<usize>) -> (u64, u64) {
    let from = match range.start_bound() {
        Bound::Included(from) => *from as u64,
        Bound::Excluded(before) => (*before as u64).saturating_add(1),
        Bound::Unbounded => 0,
    };
    let to = match range.end_bound() {
        Bound::Included(last) => (*last as u64).saturating_add(1),
        Bound::Excluded(to) => *to as u64,
        Bound::Unbounded => u64::MAX,
    };
    (from, to)
}
