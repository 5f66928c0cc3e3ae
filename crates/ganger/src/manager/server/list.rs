//! A list, and an array, which is a list whose length nobody changes.

use std::ops::Range;

use super::super::protocol::{Answer, Encoded, Item, ListCall, ListChange, Refusal};
use super::anchor::Stored;
use super::turn::{Outcome, Turn, now};

#[derive(Debug, Default)]
pub(super) struct List {
    items: Vec<Stored>,
    /// Rises with each change.
    version: u64,
}

impl List {
    pub(super) fn call(&mut self, call: ListCall, turn: &Turn<'_>) -> Outcome {
        now(match call {
            ListCall::Get(index) => Answer::Item(Some(self.items[self.place(index)?].to_item())),
            ListCall::Slice(from, to) => Answer::Items(items(&self.items[self.clip(from, to)])),
            ListCall::Len => Answer::Number(self.items.len() as u64),
            ListCall::Find(value) => Answer::Number(self.find(&value).ok_or(Refusal::Absent)? as u64),
            ListCall::Count(value) => Answer::Number(self.items.iter().filter(|item| item.is(&value)).count() as u64),
            ListCall::Snapshot => Answer::Version(self.version, items(&self.items)),
            ListCall::Change(change) => {
                let answer = self.change(change, turn)?;
                self.version += 1;
                answer
            }
        })
    }

    fn change(&mut self, change: ListChange, turn: &Turn<'_>) -> Result<Answer, Refusal> {
        match change {
            ListChange::Set(index, item) => {
                let place = self.place(index)?;
                self.items[place] = turn.stored(item)?;
            }
            ListChange::Splice(from, to, new) => {
                let (range, new) = (self.clip(from, to), turn.anchors.all_stored(new)?);
                drop(self.items.splice(range, new));
            }
            ListChange::Push(item) => self.items.push(turn.stored(item)?),
            ListChange::Insert(index, item) => self.items.insert(self.clip(index, index).start, turn.stored(item)?),
            ListChange::Remove(index) => return self.remove(index),
            ListChange::Discard(value) => {
                let found = self.find(&value).map(|place| self.items.remove(place));
                return Ok(Answer::Flag(found.is_some()));
            }
            ListChange::Reverse => self.items.reverse(),
            ListChange::Repeat(times) => self.repeat(times)?,
            ListChange::Replace(version, new) => self.replace(version, turn.anchors.all_stored(new)?)?,
        }
        Ok(Answer::Done)
    }

    fn remove(&mut self, index: Option<u64>) -> Result<Answer, Refusal> {
        let last = (self.items.len() as u64).saturating_sub(1);
        let place = self.place(index.unwrap_or(last))?;
        Ok(Answer::Item(Some(self.items.remove(place).to_item())))
    }

    fn repeat(&mut self, times: u64) -> Result<(), Refusal> {
        let too_many = || Refusal::System { why: "there is no room for so many items".to_owned() };
        if self.items.is_empty() {
            return Ok(());
        }
        let total = usize::try_from(times).ok().and_then(|times| times.checked_mul(self.items.len()));
        let more = total.ok_or_else(too_many)?.saturating_sub(self.items.len());
        self.items.try_reserve(more).map_err(|_| too_many())?;
        let once = self.items.clone();
        self.items.clear();
        (0..times).for_each(|_| self.items.extend_from_slice(&once));
        Ok(())
    }

    fn replace(&mut self, version: u64, new: Vec<Stored>) -> Result<(), Refusal> {
        if version != self.version {
            return Err(Refusal::Changed);
        }
        self.items = new;
        Ok(())
    }

    fn find(&self, value: &Encoded) -> Option<usize> {
        self.items.iter().position(|item| item.is(value))
    }

    fn place(&self, index: u64) -> Result<usize, Refusal> {
        let len = self.items.len();
        let place = usize::try_from(index).ok().filter(|place| *place < len);
        place.ok_or(Refusal::OutOfRange { index, len: len as u64 })
    }

    fn clip(&self, from: u64, to: u64) -> Range<usize> {
        let clip = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(self.items.len());
        clip(from)..clip(to).max(clip(from))
    }
}

fn items(stored: &[Stored]) -> Vec<Item> {
    stored.iter().map(Stored::to_item).collect()
}
