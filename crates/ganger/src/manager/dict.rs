//! Dicts.

use std::borrow::Borrow;

use serde::Serialize;

use super::error::ManagerError;
use super::pending::Pending;
use super::protocol::{Call, DictCall};
use super::proxy::proxy;
use super::reception::Reception;
use crate::task::Portable;

proxy! {
    /// A dict of a [`Manager`](super::Manager), in the order in which its keys were first put in: Python's `manager.dict()`.
    ///
    /// Each call is one step for all who have the dict. A value that was got is a copy: to change it there, put it in again, or
    /// let it be a proxy. Keys are the same if they are encoded the same; a `&str` stands for a `String`.
    ///
    /// ```
    /// use ganger::Pool;
    /// use ganger::manager::{DictProxy, ListProxy, Manager};
    ///
    /// #[ganger::task]
    /// fn note(seen: DictProxy<String, ListProxy<u32>>, n: u32) {
    ///     let kind = if n % 2 == 0 { "even" } else { "odd" };
    ///     seen.get(kind).unwrap().expect("it is there").push(&n).unwrap();
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// ganger::init();
    /// let manager = Manager::start()?;
    /// let seen = manager.dict()?;
    /// seen.insert("odd", &manager.list()?)?;
    /// seen.insert("even", &manager.list()?)?; // the dict keeps the list
    /// Pool::new(2)?.starmap(note, (0..10).map(|n| (seen.clone(), n)))?;
    ///
    /// assert_eq!(seen.keys()?, ["odd", "even"]);
    /// let even = seen.remove("even")?.expect("it is there");
    /// even.sort()?;
    /// assert_eq!(even.to_vec()?, [0, 2, 4, 6, 8]);
    /// assert!(!seen.contains_key("even")? && seen.len()? == 1);
    /// # Ok(()) }
    /// ```
    DictProxy<K, V>, Dict
}

impl<K: Portable, V: Portable> DictProxy<K, V> {
    /// A copy of the value of a key.
    ///
    /// # Errors
    /// Those of every call: [`Gone`](ManagerError::Gone), and when the value is of another type.
    pub fn get<Q>(&self, key: &Q) -> Result<Option<V>, ManagerError>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.of_key(key, DictCall::Get)?.value()
    }

    /// As [`get`](Self::get), without waiting for the answer.
    ///
    /// # Errors
    /// When the call could not be sent.
    pub fn get_later<Q>(&self, key: &Q) -> Result<Pending<Option<V>>, ManagerError>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let call = DictCall::Get(self.referent.encode_key(key)?);
        self.referent.later(Call::Dict(call), Reception::value)
    }

    /// Puts a value in, and gives the one that the key had.
    ///
    /// # Errors
    /// Those of every call.
    pub fn insert<Q>(&self, key: &Q, value: &V) -> Result<Option<V>, ManagerError>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let value = self.referent.encode(value)?;
        self.of_key(key, |key| DictCall::Insert(key, value.item.clone()))?.value()
    }

    /// As [`insert`](Self::insert), without waiting for the answer.
    ///
    /// # Errors
    /// When the call could not be sent.
    pub fn insert_later<Q>(&self, key: &Q, value: &V) -> Result<Pending<Option<V>>, ManagerError>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let (key, value) = (self.referent.encode_key(key)?, self.referent.encode(value)?);
        self.referent.later(Call::Dict(DictCall::Insert(key, value.item.clone())), Reception::value)
    }

    /// Puts a value in unless the key has one, and gives the one that it has now. Python's `setdefault`.
    ///
    /// # Errors
    /// Those of every call.
    pub fn get_or_insert<Q>(&self, key: &Q, value: &V) -> Result<V, ManagerError>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let value = self.referent.encode(value)?;
        self.of_key(key, |key| DictCall::InsertNew(key, value.item.clone()))?.present()
    }

    /// Takes a key out: its value. Python's `pop(key, None)`.
    ///
    /// # Errors
    /// Those of every call.
    pub fn remove<Q>(&self, key: &Q) -> Result<Option<V>, ManagerError>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.of_key(key, DictCall::Remove)?.value()
    }

    /// Takes the last out that was put in. Python's `popitem`.
    ///
    /// # Errors
    /// [`Absent`](ManagerError::Absent) when there is none.
    pub fn pop_last(&self) -> Result<(K, V), ManagerError> {
        self.call(DictCall::PopLast)?.pairs()?.pop().ok_or(ManagerError::Absent)
    }

    /// Whether there is such a key.
    ///
    /// # Errors
    /// Those of every call.
    pub fn contains_key<Q>(&self, key: &Q) -> Result<bool, ManagerError>
    where
        K: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        self.of_key(key, DictCall::Contains)?.flag()
    }

    /// How many keys there are.
    ///
    /// # Errors
    /// Those of every call.
    pub fn len(&self) -> Result<usize, ManagerError> {
        self.call(DictCall::Len)?.number()
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
        self.call(DictCall::Clear)?.done()
    }

    /// The keys, in order, as they are now.
    ///
    /// # Errors
    /// Those of every call.
    pub fn keys(&self) -> Result<Vec<K>, ManagerError> {
        self.call(DictCall::Keys)?.keys()
    }

    /// The values, in the keys' order.
    ///
    /// # Errors
    /// Those of every call.
    pub fn values(&self) -> Result<Vec<V>, ManagerError> {
        self.call(DictCall::Values)?.values()
    }

    /// All keys with their values, in order, as they are at one time. Python's `items` and `copy`.
    ///
    /// # Errors
    /// Those of every call.
    pub fn items(&self) -> Result<Vec<(K, V)>, ManagerError> {
        self.call(DictCall::Pairs)?.pairs()
    }

    /// Puts many in, in one step. Python's `update` and `|=`.
    ///
    /// # Errors
    /// Those of every call.
    pub fn extend(&self, pairs: impl IntoIterator<Item = (K, V)>) -> Result<(), ManagerError> {
        let encoded = pairs.into_iter().map(|(key, value)| {
            Ok::<_, ManagerError>((self.referent.encode_key(&key)?, self.referent.encode(&value)?))
        });
        let encoded = encoded.collect::<Result<Vec<_>, _>>()?;
        let pairs = encoded.iter().map(|(key, value)| (key.clone(), value.item.clone())).collect();
        self.call(DictCall::Extend(pairs))?.done()
    }

    fn of_key<Q: Serialize + ?Sized>(
        &self,
        key: &Q,
        call: impl FnOnce(super::protocol::Encoded) -> DictCall,
    ) -> Result<Reception, ManagerError> {
        self.call(call(self.referent.encode_key(key)?))
    }

    fn call(&self, call: DictCall) -> Result<Reception, ManagerError> {
        self.referent.ask(Call::Dict(call))
    }
}
