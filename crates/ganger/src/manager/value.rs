//! Single values, arrays and namespaces.

use std::ops::RangeBounds;

use super::error::ManagerError;
use super::list::ends;
use super::protocol::{Call, DictCall, ListCall, ListChange, ValueCall};
use super::proxy::proxy;
use super::reception::Reception;
use crate::task::Portable;

proxy! {
    /// A value of a [`Manager`](super::Manager): Python's `manager.Value`.
    ///
    /// ```
    /// use ganger::manager::{Manager, ManagerError};
    ///
    /// # fn main() -> Result<(), ManagerError> {
    /// ganger::init();
    /// let manager = Manager::start()?;
    /// let best = manager.value(&3)?;
    /// assert_eq!(best.update(|seen| *seen.max(&7))?, 7);
    /// assert_eq!((best.replace(&1)?, best.get()?), (7, 1));
    /// best.set(&2)?;
    /// assert!(!best.compare_exchange(&1, &9)?);
    /// # Ok(()) }
    /// ```
    ValueProxy<T>, Value
}

impl<T: Portable> ValueProxy<T> {
    /// A copy of it.
    ///
    /// # Errors
    /// Those of every call: [`Gone`](ManagerError::Gone), and when the value is of another type.
    pub fn get(&self) -> Result<T, ManagerError> {
        self.call(ValueCall::Get)?.present()
    }

    /// Puts another in its place.
    ///
    /// # Errors
    /// Those of every call.
    pub fn set(&self, value: &T) -> Result<(), ManagerError> {
        let value = self.referent.encode(value)?;
        self.call(ValueCall::Set(value.item.clone()))?.done()
    }

    /// Puts another in its place, and gives the old one.
    ///
    /// # Errors
    /// Those of every call.
    pub fn replace(&self, value: &T) -> Result<T, ManagerError> {
        let value = self.referent.encode(value)?;
        self.call(ValueCall::Replace(value.item.clone()))?.present()
    }

    /// Puts another in its place if it is still `expected`: whether it was.
    ///
    /// # Errors
    /// Those of every call.
    pub fn compare_exchange(&self, expected: &T, value: &T) -> Result<bool, ManagerError> {
        let (expected, value) = (self.referent.encode(expected)?, self.referent.encode(value)?);
        self.call(ValueCall::Exchange(expected.item.bytes.clone(), value.item.clone()))?.flag()
    }

    /// Makes another of it, again if somebody else was faster. Python's `value += 1` loses what others do meanwhile.
    ///
    /// # Errors
    /// Those of every call.
    pub fn update(&self, mut change: impl FnMut(&T) -> T) -> Result<T, ManagerError> {
        loop {
            let seen = self.get()?;
            let value = change(&seen);
            if self.compare_exchange(&seen, &value)? {
                return Ok(value);
            }
        }
    }

    fn call(&self, call: ValueCall) -> Result<Reception, ManagerError> {
        self.referent.ask(Call::Value(call))
    }
}

proxy! {
    /// As many values as there were at first: Python's `manager.Array`.
    ///
    /// ```
    /// use ganger::manager::{Manager, ManagerError};
    ///
    /// # fn main() -> Result<(), ManagerError> {
    /// ganger::init();
    /// let manager = Manager::start()?;
    /// let array = manager.array([0.5, 1.5, 2.5])?;
    /// array.set(1, &9.0)?;
    /// assert_eq!((array.get(1)?, array.len()?), (9.0, 3));
    /// assert_eq!(array.slice(1..)?, [9.0, 2.5]);
    /// assert!(matches!(array.set(3, &0.0), Err(ManagerError::OutOfRange(_))));
    /// # Ok(()) }
    /// ```
    ArrayProxy<T>, Array
}

impl<T: Portable> ArrayProxy<T> {
    /// A copy of an element.
    ///
    /// # Errors
    /// [`OutOfRange`](ManagerError::OutOfRange), and those of every call.
    pub fn get(&self, index: usize) -> Result<T, ManagerError> {
        self.call(ListCall::Get(index as u64))?.present()
    }

    /// Puts a value in an element's place.
    ///
    /// # Errors
    /// [`OutOfRange`](ManagerError::OutOfRange), and those of every call.
    pub fn set(&self, index: usize, value: &T) -> Result<(), ManagerError> {
        let value = self.referent.encode(value)?;
        self.call(ListCall::Change(ListChange::Set(index as u64, value.item.clone())))?.done()
    }

    /// How many elements there are.
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

    /// Copies of a range, as far as it is there.
    ///
    /// # Errors
    /// Those of every call.
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Result<Vec<T>, ManagerError> {
        let (from, to) = ends(&range);
        self.call(ListCall::Slice(from, to))?.values()
    }

    /// All elements, as they are at one time.
    ///
    /// # Errors
    /// Those of every call.
    pub fn to_vec(&self) -> Result<Vec<T>, ManagerError> {
        self.slice(..)
    }

    fn call(&self, call: ListCall) -> Result<Reception, ManagerError> {
        self.referent.ask(Call::List(call))
    }
}

proxy! {
    /// Attributes by name, each of a type of its own: Python's `manager.Namespace()`.
    ///
    /// ```
    /// use ganger::manager::{Manager, ManagerError};
    ///
    /// # fn main() -> Result<(), ManagerError> {
    /// ganger::init();
    /// let manager = Manager::start()?;
    /// let shared = manager.namespace()?;
    /// shared.set("name", "Bob")?;
    /// shared.set("age", &41)?;
    /// assert_eq!((shared.get::<String>("name")?, shared.get::<i32>("age")?), ("Bob".to_owned(), 41));
    /// shared.remove("age")?;
    /// assert!(matches!(shared.get::<i32>("age"), Err(ManagerError::Absent)));
    /// assert!(matches!(shared.set("_mine", &1), Err(ManagerError::Private { .. })));
    /// # Ok(()) }
    /// ```
    Namespace<>, Namespace
}

impl Namespace {
    /// A copy of an attribute.
    ///
    /// # Errors
    /// [`Absent`](ManagerError::Absent) when there is none of this name, and those of every call.
    pub fn get<T: Portable>(&self, name: &str) -> Result<T, ManagerError> {
        self.of_name(name, DictCall::Get)?.present()
    }

    /// Sets an attribute.
    ///
    /// # Errors
    /// [`Private`](ManagerError::Private) for a name that begins with `_`, and those of every call.
    pub fn set<T: serde::Serialize + ?Sized>(&self, name: &str, value: &T) -> Result<(), ManagerError> {
        if name.starts_with('_') {
            return Err(ManagerError::Private { name: name.to_owned() });
        }
        let value = self.referent.encode(value)?;
        self.of_name(name, |name| DictCall::Insert(name, value.item.clone())).map(drop)
    }

    /// Removes an attribute. Python's `del`.
    ///
    /// # Errors
    /// [`Absent`](ManagerError::Absent) when there is none of this name, and those of every call.
    pub fn remove(&self, name: &str) -> Result<(), ManagerError> {
        if self.of_name(name, DictCall::Remove)?.is_there()? { Ok(()) } else { Err(ManagerError::Absent) }
    }

    /// The attributes' names, in the order in which they were first set.
    ///
    /// # Errors
    /// Those of every call.
    pub fn names(&self) -> Result<Vec<String>, ManagerError> {
        self.referent.ask(Call::Dict(DictCall::Keys))?.keys()
    }

    fn of_name(
        &self,
        name: &str,
        call: impl FnOnce(super::protocol::Encoded) -> DictCall,
    ) -> Result<Reception, ManagerError> {
        self.referent.ask(Call::Dict(call(self.referent.encode_key(name)?)))
    }
}
