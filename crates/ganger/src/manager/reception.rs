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
        match answer {
            Answer::Failed(refusal) => Err(refusal.into()),
            answer => Ok(Self { link, answer, kept }),
        }
    }

    pub(super) fn done(self) -> Result<(), ManagerError> {
        if let Answer::Done = self.answer { Ok(()) } else { Err(self.misfit()) }
    }

    pub(super) fn flag(self) -> Result<bool, ManagerError> {
        if let Answer::Flag(flag) = self.answer { Ok(flag) } else { Err(self.misfit()) }
    }

    pub(super) fn number(self) -> Result<usize, ManagerError> {
        match self.answer {
            Answer::Number(number) => usize::try_from(number).map_err(|_| self.misfit()),
            _ => Err(self.misfit()),
        }
    }

    pub(super) fn name(self) -> Result<String, ManagerError> {
        match &self.answer {
            Answer::Name(name) => Ok(name.clone()),
            _ => Err(self.misfit()),
        }
    }

    /// A value, if there is one.
    pub(super) fn value<T: DeserializeOwned>(self) -> Result<Option<T>, ManagerError> {
        match &self.answer {
            Answer::Item(None) => Ok(None),
            Answer::Item(Some(item)) => self.read(&item.bytes).map(Some),
            _ => Err(self.misfit()),
        }
    }

    /// A value that must be there.
    pub(super) fn present<T: DeserializeOwned>(self) -> Result<T, ManagerError> {
        self.value()?.ok_or(ManagerError::Absent)
    }

    /// Whether there is a value.
    pub(super) fn is_there(self) -> Result<bool, ManagerError> {
        match &self.answer {
            Answer::Item(item) => Ok(item.is_some()),
            _ => Err(self.misfit()),
        }
    }

    pub(super) fn values<T: DeserializeOwned>(self) -> Result<Vec<T>, ManagerError> {
        match &self.answer {
            Answer::Items(items) => self.read_all(items),
            _ => Err(self.misfit()),
        }
    }

    /// Values, and the version of the list that they are.
    pub(super) fn version<T: DeserializeOwned>(self) -> Result<(u64, Vec<T>), ManagerError> {
        match &self.answer {
            Answer::Version(version, items) => Ok((*version, self.read_all(items)?)),
            _ => Err(self.misfit()),
        }
    }

    pub(super) fn keys<T: DeserializeOwned>(self) -> Result<Vec<T>, ManagerError> {
        match &self.answer {
            Answer::Keys(keys) => keys.iter().map(|key| self.read(key)).collect(),
            _ => Err(self.misfit()),
        }
    }

    pub(super) fn pairs<K: DeserializeOwned, V: DeserializeOwned>(self) -> Result<Vec<(K, V)>, ManagerError> {
        match &self.answer {
            Answer::Pairs(pairs) => {
                pairs.iter().map(|(key, item)| Ok((self.read(key)?, self.read(&item.bytes)?))).collect()
            }
            _ => Err(self.misfit()),
        }
    }

    /// An object, if there is one.
    pub(super) fn object(mut self) -> Result<Option<Arc<Referent>>, ManagerError> {
        match self.answer {
            Answer::Object(_) => Ok(self.kept.pop()),
            _ => Err(self.misfit()),
        }
    }

    pub(super) fn acquired(self) -> Result<Acquired, ManagerError> {
        match self.answer {
            Answer::Acquired { owner_died: true } => Ok(Acquired::OwnerDied),
            Answer::Acquired { owner_died: false } => Ok(Acquired::Clean),
            _ => Err(self.misfit()),
        }
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
