//! An answer, as its caller reads it.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::encoding::decode;
use super::error::ManagerError;
use super::link::Link;
use super::protocol::{Answer, Encoded, Item};
use super::referent::Referent;
use crate::sync::Acquired;

/// An answer that is no refusal.
pub(super) struct Reception {
    link: Arc<Link>,
    answer: Answer,
    /// What was given with it: the proxies in it find it here.
    kept: Vec<Arc<Referent>>,
}

impl Reception {
    pub(super) fn of(link: Arc<Link>, answer: Answer, kept: Vec<Arc<Referent>>) -> Result<Self, ManagerError> {
        if let Answer::Failed(refusal) = answer { Err(refusal.into()) } else { Ok(Self { link, answer, kept }) }
    }

    pub(super) fn done(self) -> Result<(), ManagerError> {
        if let Answer::Done = self.answer { Ok(()) } else { Err(self.misfit()) }
    }

    pub(super) fn flag(self) -> Result<bool, ManagerError> {
        if let Answer::Flag(flag) = self.answer { Ok(flag) } else { Err(self.misfit()) }
    }

    pub(super) fn number(self) -> Result<usize, ManagerError> {
        let Answer::Number(number) = self.answer else { return Err(self.misfit()) };
        usize::try_from(number).map_err(|_| self.misfit())
    }

    pub(super) fn name(self) -> Result<String, ManagerError> {
        if let Answer::Name(name) = &self.answer { Ok(name.clone()) } else { Err(self.misfit()) }
    }

    /// A value, if there is one.
    pub(super) fn value<T: DeserializeOwned>(self) -> Result<Option<T>, ManagerError> {
        let Answer::Item(item) = &self.answer else { return Err(self.misfit()) };
        item.as_ref().map(|item| self.read(&item.bytes)).transpose()
    }

    /// A value that must be there.
    pub(super) fn present<T: DeserializeOwned>(self) -> Result<T, ManagerError> {
        self.value()?.ok_or(ManagerError::Absent)
    }

    /// Whether there is a value.
    pub(super) fn is_there(&self) -> Result<bool, ManagerError> {
        if let Answer::Item(item) = &self.answer { Ok(item.is_some()) } else { Err(self.misfit()) }
    }

    pub(super) fn values<T: DeserializeOwned>(self) -> Result<Vec<T>, ManagerError> {
        if let Answer::Items(items) = &self.answer { self.read_all(items) } else { Err(self.misfit()) }
    }

    /// Values, and the version of the list that they are.
    pub(super) fn version<T: DeserializeOwned>(self) -> Result<(u64, Vec<T>), ManagerError> {
        let Answer::Version(version, items) = &self.answer else { return Err(self.misfit()) };
        Ok((*version, self.read_all(items)?))
    }

    pub(super) fn keys<T: DeserializeOwned>(self) -> Result<Vec<T>, ManagerError> {
        let Answer::Keys(keys) = &self.answer else { return Err(self.misfit()) };
        keys.iter().map(|key| self.read(key)).collect()
    }

    pub(super) fn pairs<K: DeserializeOwned, V: DeserializeOwned>(self) -> Result<Vec<(K, V)>, ManagerError> {
        let Answer::Pairs(pairs) = &self.answer else { return Err(self.misfit()) };
        pairs.iter().map(|(key, item)| Ok((self.read(key)?, self.read(&item.bytes)?))).collect()
    }

    /// An object, if there is one.
    pub(super) fn object(mut self) -> Result<Option<Arc<Referent>>, ManagerError> {
        if let Answer::Object(_) = self.answer { Ok(self.kept.pop()) } else { Err(self.misfit()) }
    }

    pub(super) fn acquired(self) -> Result<Acquired, ManagerError> {
        let Answer::Acquired { owner_died } = self.answer else { return Err(self.misfit()) };
        Ok(if owner_died { Acquired::OwnerDied } else { Acquired::Clean })
    }

    fn read<T: DeserializeOwned>(&self, bytes: &Encoded) -> Result<T, ManagerError> {
        decode(&self.link, bytes)
    }

    fn read_all<T: DeserializeOwned>(&self, items: &[Item]) -> Result<Vec<T>, ManagerError> {
        items.iter().map(|item| self.read(&item.bytes)).collect()
    }

    fn misfit(&self) -> ManagerError {
        ManagerError::WrongType { why: "the manager's answer is none to this call".to_owned() }
    }
}
