//! Sets.

use std::borrow::Borrow;

use serde::Serialize;

use super::error::ManagerError;
use super::protocol::{Call, Change, Compare, Encoded, SetCall};
use super::proxy::proxy;
use super::reception::Reception;
use crate::task::Portable;

proxy! {
    /// A set of a [`Manager`](super::Manager), in no order: Python's `manager.set()`.
    ///
    /// Each call is one step for all who have the set. Members are the same if they are encoded the same; a `&str` stands
    /// for a `String`.
    ///
    /// ```
    /// use ganger::manager::{Manager, ManagerError};
    ///
    /// # fn main() -> Result<(), ManagerError> {
    /// ganger::init();
    /// let manager = Manager::start()?;
    /// let set = manager.set::<String>()?;
    /// assert!(set.insert("a")? && !set.insert("a")?);
    /// set.union_update(["b".to_owned(), "c".to_owned()])?;
    /// set.difference_update(["a".to_owned()])?;
    /// assert!(set.contains("b")? && set.is_subset(["b", "c", "d"].map(str::to_owned))?);
    /// assert!(set.remove("b")?);
    /// assert_eq!((set.len()?, set.pop()?), (1, "c".to_owned()));
    /// assert!(matches!(set.pop(), Err(ManagerError::Absent)));
    /// # Ok(()) }
    /// ```
    SetProxy<T>, Set
}

impl<T: Portable> SetProxy<T> {
    /// Puts a member in: whether it is new. Python's `add`.
    ///
    /// # Errors
    /// Those of every call: [`Gone`](ManagerError::Gone), and so on.
    pub fn insert<Q>(&self, member: &Q) -> Result<bool, ManagerError>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.of_member(member, SetCall::Add)?.flag()
    }

    /// Takes a member out: whether it was there. Python's `discard`.
    ///
    /// # Errors
    /// Those of every call.
    pub fn remove<Q>(&self, member: &Q) -> Result<bool, ManagerError>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.of_member(member, SetCall::Remove)?.flag()
    }

    /// Takes any member out.
    ///
    /// # Errors
    /// [`Absent`](ManagerError::Absent) when there is none, and those of every call.
    pub fn pop(&self) -> Result<T, ManagerError> {
        self.call(SetCall::Pop)?.keys()?.pop().ok_or(ManagerError::Absent)
    }

    /// Whether it is a member.
    ///
    /// # Errors
    /// Those of every call.
    pub fn contains<Q>(&self, member: &Q) -> Result<bool, ManagerError>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.of_member(member, SetCall::Contains)?.flag()
    }

    /// How many members there are.
    ///
    /// # Errors
    /// Those of every call.
    pub fn len(&self) -> Result<usize, ManagerError> {
        self.call(SetCall::Len)?.number()
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
        self.call(SetCall::Clear)?.done()
    }

    /// All members, in no order, for a set of this process: `let here: HashSet<_> = set.members()?.into_iter().collect()`.
    /// What is made of it (unions, and so on) is made there.
    ///
    /// # Errors
    /// Those of every call.
    pub fn members(&self) -> Result<Vec<T>, ManagerError> {
        self.call(SetCall::All)?.keys()
    }

    /// Puts many in. Python's `update` and `|=`.
    ///
    /// # Errors
    /// Those of every call.
    pub fn union_update(&self, others: impl IntoIterator<Item = T>) -> Result<(), ManagerError> {
        self.change(Change::Union, others)
    }

    /// Keeps those only that are among the others. Python's `&=`.
    ///
    /// # Errors
    /// Those of every call.
    pub fn intersection_update(&self, others: impl IntoIterator<Item = T>) -> Result<(), ManagerError> {
        self.change(Change::Intersection, others)
    }

    /// Takes the others out. Python's `-=`.
    ///
    /// # Errors
    /// Those of every call.
    pub fn difference_update(&self, others: impl IntoIterator<Item = T>) -> Result<(), ManagerError> {
        self.change(Change::Difference, others)
    }

    /// Takes the others out that are there, and puts those in that are not. Python's `^=`.
    ///
    /// # Errors
    /// Those of every call.
    pub fn symmetric_difference_update(&self, others: impl IntoIterator<Item = T>) -> Result<(), ManagerError> {
        self.change(Change::SymmetricDifference, others)
    }

    /// Whether all members are among the others. Python's `<=`.
    ///
    /// # Errors
    /// Those of every call.
    pub fn is_subset(&self, others: impl IntoIterator<Item = T>) -> Result<bool, ManagerError> {
        self.compare(Compare::Subset, others)
    }

    /// Whether all others are members. Python's `>=`.
    ///
    /// # Errors
    /// Those of every call.
    pub fn is_superset(&self, others: impl IntoIterator<Item = T>) -> Result<bool, ManagerError> {
        self.compare(Compare::Superset, others)
    }

    /// Whether no other is a member.
    ///
    /// # Errors
    /// Those of every call.
    pub fn is_disjoint(&self, others: impl IntoIterator<Item = T>) -> Result<bool, ManagerError> {
        self.compare(Compare::Disjoint, others)
    }

    fn of_member<Q: Serialize + ?Sized>(
        &self,
        member: &Q,
        call: fn(Encoded) -> SetCall,
    ) -> Result<Reception, ManagerError> {
        self.call(call(self.referent.encode_key(member)?))
    }

    fn change(&self, change: Change, others: impl IntoIterator<Item = T>) -> Result<(), ManagerError> {
        self.call(SetCall::Change(change, self.encode(others)?))?.done()
    }

    fn compare(&self, compare: Compare, others: impl IntoIterator<Item = T>) -> Result<bool, ManagerError> {
        self.call(SetCall::Compare(compare, self.encode(others)?))?.flag()
    }

    fn encode(&self, others: impl IntoIterator<Item = T>) -> Result<Vec<Encoded>, ManagerError> {
        others.into_iter().map(|other| self.referent.encode_key(&other)).collect()
    }

    fn call(&self, call: SetCall) -> Result<Reception, ManagerError> {
        self.referent.ask(Call::Set(call))
    }
}
