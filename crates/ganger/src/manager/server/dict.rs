//! A dict: keys in the order in which they were first inserted.

use std::collections::{BTreeMap, HashMap};

use super::super::protocol::{Answer, DictCall, Encoded, Refusal};
use super::anchor::Stored;
use super::turn::{Outcome, Turn, now};

#[derive(Debug, Default)]
pub(super) struct Dict {
    /// Where each key is in the order.
    places: HashMap<Encoded, u64>,
    order: BTreeMap<u64, (Encoded, Stored)>,
    next: u64,
}

impl Dict {
    pub(super) fn call(&mut self, call: DictCall, turn: &Turn<'_>) -> Outcome {
        now(match call {
            DictCall::Get(key) => Answer::Item(self.get(&key).map(Stored::to_item)),
            DictCall::Insert(key, item) => Answer::Item(self.insert(key, turn.stored(item)?).map(|old| old.to_item())),
            DictCall::InsertNew(key, item) => self.insert_new(key, turn.stored(item)?),
            DictCall::Remove(key) => Answer::Item(self.remove(&key).map(|old| old.to_item())),
            DictCall::PopLast => self.pop_last()?,
            DictCall::Contains(key) => Answer::Flag(self.places.contains_key(&key)),
            DictCall::Len => Answer::Number(self.order.len() as u64),
            DictCall::Clear => {
                (self.places, self.order) = Default::default();
                Answer::Done
            }
            DictCall::Keys => Answer::Keys(self.order.values().map(|(key, _)| key.clone()).collect()),
            DictCall::Values => Answer::Items(self.order.values().map(|(_, value)| value.to_item()).collect()),
            DictCall::Pairs => {
                Answer::Pairs(self.order.values().map(|(key, value)| (key.clone(), value.to_item())).collect())
            }
            DictCall::Extend(pairs) => {
                for (key, item) in pairs {
                    self.insert(key, turn.stored(item)?);
                }
                Answer::Done
            }
        })
    }

    fn get(&self, key: &Encoded) -> Option<&Stored> {
        self.order.get(self.places.get(key)?).map(|(_, value)| value)
    }

    /// A key that is there keeps its place.
    fn insert(&mut self, key: Encoded, value: Stored) -> Option<Stored> {
        if let Some((_, there)) = self.places.get(&key).and_then(|place| self.order.get_mut(place)) {
            return Some(std::mem::replace(there, value));
        }
        self.places.insert(key.clone(), self.next);
        self.order.insert(self.next, (key, value));
        self.next += 1;
        None
    }

    fn insert_new(&mut self, key: Encoded, value: Stored) -> Answer {
        let there = self.get(&key).map(Stored::to_item);
        Answer::Item(Some(there.unwrap_or_else(|| {
            let item = value.to_item();
            self.insert(key, value);
            item
        })))
    }

    fn remove(&mut self, key: &Encoded) -> Option<Stored> {
        let place = self.places.remove(key)?;
        self.order.remove(&place).map(|(_, value)| value)
    }

    fn pop_last(&mut self) -> Result<Answer, Refusal> {
        let (_, (key, value)) = self.order.pop_last().ok_or(Refusal::Absent)?;
        self.places.remove(&key);
        Ok(Answer::Pairs(vec![(key, value.to_item())]))
    }
}
